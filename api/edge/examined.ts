/** What the edge is made of, and what an examination of a proof answers. */
import type { Redis } from "ioredis";
import type { Log } from "../context.ts";
import type { HasDatabase } from "../database/in-tenant.ts";
import type { Guard } from "../guard/mod.ts";
import type { Connections } from "./connections.ts";
import type { Identity } from "../identity/mod.ts";
import type { Proof } from "./proof.ts";
import type { EdgeRefusal } from "./refusal.ts";

export interface EdgeDeps extends HasDatabase {
  readonly redis: Redis;
  readonly now: () => Date;
  readonly log: Log;
  readonly provider: Pick<Identity["provider"], "issuer" | "introspect">;
  /** Longest life of what a token opened, from the moment card or phone was presented. */
  readonly tokenSessionSeconds: number;
  readonly guard?: Guard;
  /** Absent where nobody looks who is connected (watch.ts). */
  readonly connections?: Connections;
}

/** What a proof's own examination answers: the proof, or why there is none. */
export type Examined =
  | { readonly ok: true; readonly proof: Proof; readonly acr?: string }
  | {
    readonly ok: false;
    readonly reason: EdgeRefusal;
    readonly mailboxId?: string | undefined;
    /** Whether the secret itself was wrong: what the guard counts. */
    readonly isGuess: boolean;
  }
  | { readonly ok: "later" };

/** Stands for what was not found, so that unknown and known take the same way. */
export const nobody = "00000000-0000-0000-0000-000000000000";
