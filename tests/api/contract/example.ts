/** What the contract is played with: requests that succeed, and what makes them fail. */
import type { Harness, Visitor } from "../../support/harness.ts";
import type { Tenant } from "../../support/tenants.ts";
import type { Operation } from "./document.ts";

export interface World {
  readonly tenant: Tenant;
  /** May do everything in the tenant and above it. */
  readonly operator: Visitor;
}

export interface Request {
  readonly parameters: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

export type Example = (harness: Harness, world: World) => Promise<Request> | Request;

export interface Scene {
  readonly harness: Harness;
  readonly world: World;
  readonly operation: Operation;
  /** A request that would succeed. */
  readonly example: () => Promise<Request>;
}

/** One request; what is left out is as its example would have it. */
export interface Attempt {
  readonly request?: Request;
  readonly visitor?: Pick<Visitor, "cookie">;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of the request's body. */
  readonly raw?: { readonly body: string; readonly type: string };
  /** Another process than the harness's own. */
  readonly app?: Harness["app"];
  /** Puts back what others need. */
  readonly undo?: () => Promise<unknown>;
}

export type Provoke = (scene: Scene, apps: BrokenApps) => Attempt | Promise<Attempt>;

/** The same platform, each with one thing that is not as it should be. */
export interface BrokenApps {
  /** Nothing listens where its database should be. */
  readonly withoutDatabase: Harness["app"];
  /** Its database answers, and knows none of our tables. */
  readonly onEmptyDatabase: Harness["app"];
  /** One request per hour; `hasty` has had his. */
  readonly withoutPatience: Harness["app"];
  readonly hasty: Visitor;
  /** Somebody who has nothing to do with the structure. */
  readonly foreigner: Visitor;
  /** Software with a right of its own and no other. */
  readonly serviceKey: string;
  close(): Promise<void>;
}
