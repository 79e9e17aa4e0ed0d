/**
 * Which screens and buttons a person is shown. The API decides (api/identity/policy.ts); this spares a click that would be
 * refused, and nothing more.
 */
import type { PersonSession } from "#lib/api/session.ts";

export type Role = PersonSession["roles"][number]["role"];

const staff: readonly Role[] = ["operator_administrator", "operator_support", "auditor"];
const managers: readonly Role[] = ["structure_administrator", "domain_administrator", "mailbox_manager"];

export interface KnownStructure {
  readonly id: string;
  readonly name: string;
}

export class Rights {
  readonly #session: PersonSession;

  constructor(session: PersonSession) {
    this.#session = session;
  }

  /** Anything to administer at all. */
  get any(): boolean {
    return this.isStaff || this.structures.length > 0;
  }

  /** Of the operator: sees every structure. */
  get isStaff(): boolean {
    return this.#session.roles.some(({ role }) => staff.includes(role));
  }

  get isOperatorAdministrator(): boolean {
    return this.has("operator_administrator");
  }

  has(role: Role, structureId: string | null = null): boolean {
    return this.#session.roles.some((one) => one.role === role && one.structureId === structureId);
  }

  /** The structures that the person administers, in whole or in part, by name. */
  get structures(): readonly KnownStructure[] {
    const found = new Map<string, KnownStructure>();
    for (const { role, structureId, structureName } of this.#session.roles) {
      if (structureId !== null && managers.includes(role)) {
        found.set(structureId, { id: structureId, name: structureName ?? structureId });
      }
    }
    return [...found.values()].sort((one, other) => one.name.localeCompare(other.name, "fr"));
  }

  /** What the operator does to a structure, and a reseller's administrator to those attached to it: domains, life, quotas. */
  administers(structure: { readonly resellerId: string | null } | undefined): boolean {
    const resellerId = structure?.resellerId ?? null;
    return this.isOperatorAdministrator ||
      (resellerId !== null && this.has("structure_administrator", resellerId));
  }

  /** Settings, people and roles of a structure. */
  writesStructure(structureId: string): boolean {
    return this.isOperatorAdministrator || this.has("structure_administrator", structureId);
  }

  writesDomains(structureId: string): boolean {
    return this.writesStructure(structureId) || this.has("domain_administrator", structureId);
  }

  writesMailboxes(structureId: string): boolean {
    return this.writesDomains(structureId) || this.has("mailbox_manager", structureId);
  }

  readsSoftware(structureId: string): boolean {
    return this.writesStructure(structureId) || this.has("auditor");
  }

  readsAudit(structureId: string | null): boolean {
    return this.isOperatorAdministrator || this.has("auditor") ||
      (structureId !== null && this.has("structure_administrator", structureId));
  }
}
