import { type HasDatabase, inSystem } from "../database/in-tenant.ts";
import type { MailServer } from "../mail-server/mod.ts";
import { findBoxWithQuota } from "./queries.ts";

/** Less than this is no room: hardly a mail fits. What does not say its size is taken for one of it. */
const smallestMailBytes = 16 * 1024;

/**
 * Whether the box of an address, its own or an alias, has room for a mail. What the mail server says of the box counts: it alone
 * knows what lies in it now; `used_bytes` of our table is minutes old. An address that is no box with a quota of ours has room.
 *
 * @throws MailServerUnavailable, or what the database throws: it is not known then, and who asks lets the mail pass, for which the
 * sender is told later.
 */
export async function hasRoom(
  { db, mailServer }: HasDatabase & { readonly mailServer: Pick<MailServer, "readMailbox"> },
  address: string,
  sizeBytes: number,
): Promise<boolean> {
  const box = await inSystem({ db }, (tx) => findBoxWithQuota(tx, address.toLowerCase()));
  if (box === undefined) return true;
  const observed = await mailServer.readMailbox(box);
  if (observed === undefined || observed.quotaBytes === null || observed.usedBytes === null) return true;
  return observed.usedBytes + Math.max(sizeBytes, smallestMailBytes) <= observed.quotaBytes;
}
