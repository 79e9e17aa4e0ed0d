/** Factories: each suite mints its own structures, domains, boxes and people, through the platform's verbs. */
import { addMember, createMailbox } from "../../api/mailboxes/mod.ts";
import { createDomain, createStructure } from "../../api/tenancy/mod.ts";
import type { Harness, Visitor } from "./harness.ts";

export interface Tenant {
  readonly structureId: string;
  readonly domainId: string;
  readonly domain: string;
  /** A structure administrator of it, signed in. */
  readonly administrator: Visitor;
}

let count = 0;
/** Different in every process and at every call. */
function unique(): string {
  return `${Date.now().toString(36)}${crypto.randomUUID().slice(0, 4)}${(count++).toString(36)}`;
}

/** A valid idNat_Struct (SIRET form) that nobody has. */
export function newIdNatStruct(): string {
  const digits = [...crypto.getRandomValues(new Uint8Array(14))].map((byte) => byte % 10).join("");
  return `3${digits}`;
}

/** A valid idNat_PS with a right RPPS key that nobody has. */
export function newIdNatPs(): string {
  const ten = [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => byte % 10);
  const sum = ten.toReversed().reduce((total, digit, place) => {
    const weighted = place % 2 === 0 ? digit * 2 : digit;
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return `8${ten.join("")}${(10 - (sum % 10)) % 10}`;
}

/** A structure with a domain and an administrator. */
export async function newTenant(harness: Harness): Promise<Tenant> {
  const name = unique();
  const structure = await createStructure(harness.system, {
    idNatStruct: newIdNatStruct(),
    name: `Structure ${name}`,
  });
  // Straight into the row: a suite counts the structure's versions and its trail from its opening.
  await harness.database.rows("update app.structures set app_passwords_allowed = true where id = $1", [
    structure.id,
  ]);
  const domain = await createDomain(harness.system, {
    structureId: structure.id,
    name: `${name}.mssante.test`,
  });
  const administrator = await harness.signIn({
    memberships: [{ structureId: structure.id, role: "structure_administrator" }],
  });
  return { structureId: structure.id, domainId: domain.id, domain: domain.name, administrator };
}

export interface BoxSpec {
  readonly type?: "PER" | "ORG" | "APP" | "CAB";
  readonly localPart?: string;
  readonly holderIdNatPs?: string;
}

/** A box of the tenant; ORG unless said otherwise. */
export async function newMailbox(harness: Harness, tenant: Tenant, spec: BoxSpec = {}) {
  const type = spec.type ?? "ORG";
  return await createMailbox(harness.system, {
    structureId: tenant.structureId,
    address: `${spec.localPart ?? `box-${unique()}`}@${tenant.domain}`,
    type,
    displayName: "",
    description: "",
    service: "",
    responsible: "",
    holderIdNatPs: type === "PER" ? spec.holderIdNatPs ?? newIdNatPs() : undefined,
    quotaBytes: 104_857_600,
  });
}

/** A member of a box, made if nobody knows him. */
export async function newMember(harness: Harness, mailboxId: string) {
  return await addMember(harness.system, {
    mailboxId,
    idNatPs: newIdNatPs(),
    givenName: "Noa",
    familyName: "TEST",
  });
}

/** A box whose end is over, without waiting for its mail to be kept. */
export async function closeAtOnce(harness: Harness, mailboxId: string): Promise<void> {
  await harness.database.rows(
    "update app.mailboxes set status = 'closing', closing_at = now(), purge_at = now() where id = $1",
    [mailboxId],
  );
  await harness.database.rows("update app.mailboxes set status = 'closed' where id = $1", [mailboxId]);
}
