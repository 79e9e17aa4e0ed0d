/**
 * Who asks, on what, at what time: the one value that every verb receives first.
 *
 * It is built at the edge (api/http/authenticate.ts for a request, api/worker.ts for a job) and never changes afterwards.
 */
import type { Kysely } from "kysely";
import type { Redis } from "ioredis";
import type { Action } from "./actions.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/schema.ts";
import type { MailServer } from "./mail-server/mod.ts";

/** Roles of the policy table (api/identity/policy.ts). The operator's roles hold in every structure, the others in one. */
export type OperatorRole = "operator_administrator" | "operator_support" | "auditor";
export type StructureRole = "structure_administrator" | "domain_administrator" | "mailbox_manager" | "user";

/** A role in one structure. `through`: the reseller whose administrator the person is, when the role comes from there. */
export interface Membership {
  readonly structureId: string;
  readonly role: StructureRole;
  readonly through?: string | undefined;
}

/** A person who has signed in. `idNatPs` is idNat_PS (8 + RPPS), null for who has none. */
export interface PersonActor {
  readonly kind: "person";
  readonly personId: string;
  readonly sessionId: string;
  readonly displayName: string;
  readonly idNatPs: string | null;
  readonly operatorRoles: readonly OperatorRole[];
  readonly memberships: readonly Membership[];
}

/** Software that acts in one structure with a key (api/identity/service-keys.ts). Its scopes are its only rights. */
export interface ServiceActor {
  readonly kind: "service";
  readonly serviceAccountId: string;
  readonly keyId: string;
  readonly structureId: string;
  readonly displayName: string;
  readonly scopes: readonly Action[];
}

/** The platform itself: a worker's job, named. */
export interface SystemActor {
  readonly kind: "system";
  readonly job: string;
}

/** Nobody yet: the sign-in's own steps. */
export interface AnonymousActor {
  readonly kind: "anonymous";
}

export type Actor = PersonActor | ServiceActor | SystemActor | AnonymousActor;

/** One JSON line per call on standard output. Never a secret, a token, a subject line or a patient's address. */
export interface Log {
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}

/** From where a request comes, as far as it can be believed: a block of addresses and what the program says of itself. */
export interface Caller {
  readonly address: string;
  readonly userAgent: string | null;
}

export interface Context {
  readonly db: Kysely<Database>;
  readonly actor: Actor;
  readonly requestId: string;
  /** Absent for what no request asked for. */
  readonly caller?: Caller;
  /** The time of day, passed in so that tests own the clock. */
  readonly now: () => Date;
  readonly log: Log;
}

/**
 * What `createApp` and every room's `…Routes(deps)` receive: opened by main.ts, or by a test's harness.
 *
 * `redis` may be down at any moment: its commands then fail at once, and whoever uses it goes on without (house decision 2).
 */
export interface AppDeps {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly redis: Redis;
  readonly mailServer: MailServer;
  readonly now: () => Date;
  readonly log: Log;
  /** Aborted when the process is about to end: whoever holds a stream open closes it. */
  readonly closing: AbortSignal;
}
