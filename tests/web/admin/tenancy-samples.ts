/** Structures, domains and boxes as the scripted API tells of them; ten thousand boxes where a list must hold them. */
import { type Answers, pageOf, type Schemas, structure } from "./scripted-api.ts";

type Structure = Schemas["Structure"];
type Mailbox = Schemas["Mailbox"];

const day = "2026-11-02T08:30:00.000Z";
const gibibyte = 1024 ** 3;
export const uuid = (kind: number, number: number) =>
  `5b00000${kind}-0000-4000-8000-${String(number).padStart(12, "0")}`;

export const longStructure: Structure = {
  ...structure,
  idNatStruct: "312345678900011",
  status: "active",
  suspensionReason: null,
  resellerId: null,
  isReseller: false,
  quotaMailboxes: 1400,
  quotaBytes: 2000 * gibibyte,
  usedMailboxes: 1284,
  usedBytes: 1320 * gibibyte,
  settings: {
    contactName: "Direction des systèmes d'information et de l'organisation",
    contactEmail: "dsio@ch-saint-germain.example",
    contactPhone: "+33 1 39 27 40 50",
    appPasswordsAllowed: false,
    defaultMailboxQuotaBytes: gibibyte,
  },
  onboarding: { hasDomain: true, hasAdministrator: true, hasMailbox: true, charterAccepted: false },
  closedAt: null,
  closingReason: null,
  version: 7,
  createdAt: day,
  updatedAt: day,
};

export const structures: readonly Structure[] = Array.from({ length: 60 }, (_, index) => ({
  ...longStructure,
  ...(index === 0 ? {} : {
    id: uuid(1, index),
    name: `Cabinet médical des Tilleuls n° ${index}`,
    idNatStruct: `1${310000000 + index}`,
    status: index % 9 === 0 ? "suspended" as const : "active" as const,
    usedMailboxes: index,
  }),
}));

export const domain: Schemas["Domain"] = {
  id: uuid(2, 1),
  structureId: structure.id,
  name: "ch-saint-germain.mssante.fr",
  status: "active",
  suspensionReason: null,
  closedAt: null,
  closingReason: null,
  provisioning: "applied",
  version: 3,
  createdAt: day,
};
export const secondDomain: Schemas["Domain"] = {
  ...domain,
  id: uuid(2, 2),
  name: "hopital-de-jour.ch-saint-germain.mssante.fr",
  provisioning: "pending",
};

export function mailboxOf(number: number, more: Partial<Mailbox> = {}): Mailbox {
  const local = `prenom${String(number).padStart(5, "0")}.nom-de-famille`;
  return {
    id: uuid(3, number),
    structureId: structure.id,
    domainId: domain.id,
    address: `${local}@${domain.name}`,
    type: "PER",
    displayName: `Dr Prénom NOM-DE-FAMILLE ${number}`,
    description: "",
    service: "",
    responsible: "",
    holderIdNatPs: "810100000016",
    aliases: [],
    redList: false,
    preferredRank: null,
    phone: "",
    dematerialisation: true,
    depublishedAt: null,
    status: number % 17 === 0 ? "suspended" : "active",
    suspensionReason: number % 17 === 0 ? "Congé longue durée" : null,
    closingReason: null,
    closingAt: null,
    purgeAt: null,
    closedAt: null,
    movedTo: null,
    movedFrom: null,
    quotaBytes: gibibyte,
    usedBytes: null,
    lastAuthenticatedAt: number % 5 === 0 ? null : day,
    provisioning: number % 23 === 0
      ? { status: "failed", reason: "account-refused" }
      : { status: "applied", reason: null },
    version: 1,
    createdAt: day,
    updatedAt: day,
    ...more,
  };
}

export const sharedBox = mailboxOf(1, {
  address: "secretariat.anticoagulation-et-hemostase.consultations-externes@ch-saint-germain.mssante.fr",
  type: "ORG",
  displayName: "Secrétariat des consultations externes d'anticoagulation et d'hémostase",
  service: "Unité d'hémostase et d'anticoagulothérapie",
  responsible: "Dr Maximilienne de La Rochefoucauld-Montbel",
  holderIdNatPs: null,
  aliases: ["hemostase@ch-saint-germain.mssante.fr"],
  usedBytes: 700 * 1024 ** 2,
});

const person = {
  id: uuid(4, 1),
  idNatPs: "810100000040",
  givenName: "Anne-Sophie",
  familyName: "DELAUNAY-VERMEERSCH",
};
export const delegation: Schemas["Delegation"] = {
  id: uuid(5, 1),
  mailboxId: sharedBox.id,
  personId: person.id,
  person,
  rights: ["read", "write", "send-on-behalf"],
  startsAt: day,
  endsAt: "2026-12-31T22:59:59.000Z",
  status: "active",
  version: 1,
  createdAt: day,
  updatedAt: day,
};

/** Pages of a list by cursor, the cursor being the place of the next row. */
export function paged<T>(all: readonly T[]) {
  return (_request: Request, url: URL) => {
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const to = from + Number(url.searchParams.get("limit") ?? 50);
    return { items: all.slice(from, to), nextCursor: to < all.length ? String(to) : null };
  };
}

export const structurePath = `/api/v1/structures/${structure.id}`;

/** One structure with two domains and so many boxes. */
export function tenancy(boxes = 40): Answers {
  const all = [sharedBox, ...Array.from({ length: boxes - 1 }, (_, index) => mailboxOf(index + 2))];
  const listed = (request: Request, url: URL) => {
    const q = url.searchParams.get("q") ?? "";
    const status = url.searchParams.get("status");
    return paged(all.filter((one) => one.address.includes(q) && (status === null || one.status === status)))(
      request,
      url,
    );
  };
  return {
    "GET /api/v1/structures": (request: Request, url: URL) => {
      const q = (url.searchParams.get("q") ?? "").toLowerCase();
      return paged(structures.filter(({ name }) => name.toLowerCase().includes(q)))(request, url);
    },
    "GET /api/v1/mailboxes": listed,
    [`GET ${structurePath}`]: longStructure,
    [`GET ${structurePath}/domains`]: pageOf(domain, secondDomain),
    [`GET ${structurePath}/domains/${domain.id}`]: domain,
    [`GET ${structurePath}/mailboxes`]: listed,
    [`GET ${structurePath}/people`]: pageOf(),
    [`GET /api/v1/mailboxes/${sharedBox.id}`]: sharedBox,
    [`GET /api/v1/mailboxes/${sharedBox.id}/members`]: {
      items: [{ ...person, mailboxId: sharedBox.id, personId: person.id, createdAt: day }],
    },
    [`GET /api/v1/mailboxes/${sharedBox.id}/delegations`]: { items: [delegation] },
    [`GET /api/v1/mailboxes/${sharedBox.id}/app-passwords`]: { items: [] },
    [`GET ${structurePath}/domains/${domain.id}/dns-records`]: { items: [] },
    [`GET /api/v1/mailboxes/${sharedBox.id}/openings`]: pageOf({
      at: day,
      actorKind: "person",
      actorId: person.id,
      actorLabel: `${person.givenName} ${person.familyName}`,
      relation: "delegate",
    }),
  };
}
