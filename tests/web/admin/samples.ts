/** What the scripted API says of one structure: typed by the API's own document. */
import { type Schemas, structure } from "./scripted-api.ts";

const now = Date.now();
export const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
export const id = (kind: number, number: number) =>
  `5a00000${kind}-0000-4000-8000-${String(number).padStart(12, "0")}`;

export const figures: Schemas["Dashboard"]["figures"] = {
  structures: 1,
  domains: 3,
  mailboxes: 1284,
  activeMailboxes: 1251,
  suspendedMailboxes: 33,
  pendingMailboxes: 2,
  people: 742,
};

export const quietDashboard: Schemas["Dashboard"] = {
  at: new Date(now).toISOString(),
  structure,
  services: { mailServer: "ready", cache: "ready" },
  whiteList: null,
  attention: [],
  attacks: [],
  figures,
};

const box = (number: number, label: string, reason: string | null = null) => ({
  kind: "mailbox" as const,
  id: id(1, number),
  label,
  structureId: structure.id,
  structureName: structure.name,
  reason,
});

export const busyDashboard: Schemas["Dashboard"] = {
  ...quietDashboard,
  services: { mailServer: "unavailable", cache: "ready" },
  attention: [
    { kind: "mail-server-unavailable", severity: "critical", count: 1, since: null, subjects: [] },
    {
      kind: "mailbox-provisioning-failed",
      severity: "critical",
      count: 12,
      since: ago(190),
      subjects: [
        box(
          1,
          "secretariat.anticoagulation-et-hemostase.consultations-externes@ch-saint-germain.mssante.fr",
          "quota-refused",
        ),
        box(2, "cardiologie@ch-saint-germain.mssante.fr", "account-refused"),
        box(3, "laboratoire@ch-saint-germain.mssante.fr", "account-refused"),
        box(4, "neurologie@ch-saint-germain.mssante.fr"),
        box(5, "urgences@ch-saint-germain.mssante.fr"),
      ],
    },
    {
      kind: "mailbox-without-member",
      severity: "notice",
      count: 1,
      since: ago(60 * 24 * 3),
      subjects: [box(6, "dieteticiens@ch-saint-germain.mssante.fr")],
    },
  ],
};

const attack = (
  number: number,
  more: Partial<Schemas["SignInAttack"]>,
): Schemas["SignInAttack"] => ({
  id: id(7, number),
  kind: "spraying",
  way: "imap",
  network: "203.0.113.0/24",
  count: 214,
  subject: null,
  startedAt: ago(42),
  lastAt: ago(1),
  isOngoing: true,
  ...more,
});

export const attacks: readonly Schemas["SignInAttack"][] = [
  attack(1, {}),
  attack(2, {
    kind: "guessing",
    way: "submission",
    network: null,
    count: 87,
    subject: {
      kind: "mailbox",
      id: id(1, 1),
      label: "secretariat.anticoagulation-et-hemostase.consultations-externes@ch-saint-germain.mssante.fr",
      structureId: structure.id,
    },
  }),
  attack(3, {
    kind: "guessing",
    way: "imap",
    network: null,
    count: 20,
    startedAt: ago(3_000),
    lastAt: ago(2_950),
    isOngoing: false,
  }),
  attack(4, {
    way: "staff",
    network: "2001:db8:1f00::/48",
    count: 5,
    startedAt: ago(1_500),
    lastAt: ago(1_400),
    isOngoing: false,
  }),
];

export const attackedDashboard = (base: Schemas["Dashboard"]): Schemas["Dashboard"] => ({
  ...base,
  attacks: [...attacks],
  attention: [
    { kind: "sign-in-attack", severity: "critical", count: 2, since: ago(42), subjects: [] },
    ...base.attention,
    { kind: "sign-in-attack-ended", severity: "warning", count: 2, since: ago(3_000), subjects: [] },
  ],
});

export const platformDashboard: Schemas["Dashboard"] = {
  ...busyDashboard,
  structure: null,
  services: { mailServer: "ready", cache: "unavailable" },
  whiteList: { generatedAt: ago(60 * 30), importedAt: ago(60 * 29) },
  figures: { ...figures, structures: 214, mailboxes: 31_877 },
};

const families = [
  "ALLARD",
  "BENALI-ROUSSEAU",
  "CHARPENTIER DE LA TOUR",
  "DURAND",
  "EL KHOURY",
  "FAURE",
  "Ñuñez",
];
const givens = ["Anne", "Bastien", "Camille", "Jean-Christophe", "Éléonore", "Maëlys"];

export function person(number: number, changes: Partial<Schemas["Person"]> = {}): Schemas["Person"] {
  const givenName = givens[number % givens.length] ?? "";
  const familyName = families[number % families.length] ?? "";
  return {
    id: id(2, number),
    idNatPs: `8${String(10_100_000_000 + number)}`,
    rpps: String(10_100_000_000 + number),
    givenName,
    familyName,
    status: number % 9 === 4 ? "invited" : "active",
    createdAt: ago(60 * 24 * 90),
    lastSignedInAt: number % 9 === 4 ? null : ago(60 * number),
    roles: [{ structureId: structure.id, role: number % 5 === 0 ? "structure_administrator" : "user" }],
    mailboxes: [{ id: id(1, number), address: `personne.${number}@ch-saint-germain.mssante.fr` }],
    invitation: null,
    departure: null,
    ...changes,
  };
}

export const batch: Schemas["Batch"] = {
  id: id(3, 1),
  structureId: structure.id,
  source: "csv",
  action: "import",
  reason: "",
  state: "ready",
  lineCount: 200,
  counts: {
    create: 180,
    change: 12,
    close: 2,
    suspend: 0,
    resume: 0,
    reopen: 0,
    unchanged: 1,
    error: 5,
    unchecked: 0,
  },
  progress: { total: 194, checked: 200, done: 0, failed: 0, undone: 0, kept: 0 },
  createdBy: { kind: "person", id: id(2, 1), name: "Camille MARTIN" },
  version: 3,
  createdAt: ago(4),
  updatedAt: ago(3),
  checkedAt: ago(3),
  runAt: null,
  finishedAt: null,
};

export function line(number: number, changes: Partial<Schemas["BatchLine"]>): Schemas["BatchLine"] {
  return {
    line: number,
    operation: null,
    state: "create",
    outcome: null,
    address: `boite.${number}@ch-saint-germain.mssante.fr`,
    mailboxId: null,
    fields: { adresse: `boite.${number}@ch-saint-germain.mssante.fr`, type: "ORG" },
    errors: [],
    before: null,
    after: null,
    ...changes,
  } as Schemas["BatchLine"];
}
