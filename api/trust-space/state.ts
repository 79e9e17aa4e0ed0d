/** What the operator and the pages show of the trust space: which list is in force, and what went wrong last. */

import { type HasDatabase, inSystem } from "../database/in-tenant.ts";
import { findLastRefusal, findListInForce, type ListInForce, type RecordedRefusal } from "./queries.ts";

export interface TrustSpaceState {
  readonly list: ListInForce | undefined;
  /** The last refusal, also when a good list came after it. */
  readonly lastRefusal: RecordedRefusal | undefined;
}

/** The scope is the platform's: refusals are not in the rows a person's own scope may read. */
export async function readTrustSpace(ctx: HasDatabase): Promise<TrustSpaceState> {
  return await inSystem(ctx, async (tx) => ({
    list: await findListInForce(tx),
    lastRefusal: await findLastRefusal(tx),
  }));
}
