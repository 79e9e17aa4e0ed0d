/**
 * Boxes at Cyrus. Cyrus knows no accounts of its own: who may sign in and who receives stands in the SQL views. What is
 * applied here is the store: INBOX and folders (made by one sign-in as the box), the quota, and the end of a box.
 */
import type { DesiredMailbox, ObservedMailbox } from "../port.ts";
import { MailServerRefused } from "../port.ts";
import { type ImapAddress, type ImapSession, withImap } from "./imap.ts";
import { boxAddress } from "./token.ts";

export interface Administration {
  readonly imap: ImapAddress;
  readonly adminSecret: string;
}

/** All but `a`: who opens a box is the platform's to say, and no SETACL of one who may open it. Folders made later inherit them. */
const ownRights = "lrswipkxtecdn";

/** Cyrus counts quotas in kilobytes (RFC 9208 section 5.1). */
const kilobyte = 1024;

/** Makes the store match; suspension is the views' and the gateway's business, so it changes nothing here. */
export async function applyMailbox(administration: Administration, desired: DesiredMailbox): Promise<void> {
  const address = boxAddress(desired.address);
  if (desired.status === "closed") {
    await withAdministrator(administration, (session) => deleteBox(session, address));
    return;
  }
  await withImap(administration.imap, administration.adminSecret, address, () => Promise.resolve());
  await withAdministrator(administration, async (session) => {
    const limits = desired.quotaBytes === null ? "" : `STORAGE ${Math.ceil(desired.quotaBytes / kilobyte)}`;
    required(await session.command(`SETQUOTA ${root(address)} (${limits})`));
    const { lines } = required(await session.command(`LIST "" (${root(address)} ${root(address, "/*")})`));
    for (const line of lines) {
      const folder = /^\* LIST \([^)]*\) "\/" ("[^"\\]+"|[^"{\s]+)$/.exec(line)?.[1];
      if (folder !== undefined) required(await session.command(`SETACL ${folder} ${address} ${ownRights}`));
    }
  });
}

/** Gives the INBOX and all below it another name (`allowusermoves`); folders, mail, flags and quota go with it. */
export async function renameMailbox(administration: Administration, from: string, to: string): Promise<void> {
  const [old, next] = [boxAddress(from), boxAddress(to)];
  await withAdministrator(administration, async (session) => {
    if (!(await stands(session, old))) return;
    if (await stands(session, next)) {
      throw new MailServerRefused("both-stand", "boxes stand under both addresses");
    }
    required(await session.command(`SETACL ${root(old)} cyrus lrswipkxtecda`));
    required(await session.command(`RENAME ${root(old)} ${root(next)}`));
  });
}

/** The box, or undefined when there is no INBOX of that name. */
export async function readMailbox(
  administration: Administration,
  rawAddress: string,
): Promise<ObservedMailbox | undefined> {
  const address = boxAddress(rawAddress);
  return await withAdministrator(administration, async (session) => {
    if (!(await stands(session, address))) return undefined;
    const { lines } = await session.command(`GETQUOTA ${root(address)}`);
    const storage = lines.map((line) => /\(.*?STORAGE (\d+) (\d+)/.exec(line)).find((match) =>
      match !== null
    );
    return {
      address,
      accountId: address,
      quotaBytes: storage === undefined ? null : Number(storage[2]) * kilobyte,
      usedBytes: storage === undefined ? null : Number(storage[1]) * kilobyte,
      status: "active",
      sendAs: [],
    };
  });
}

/** Cyrus has no domains; it can only say whether boxes stand in one. */
export async function refuseDomainInUse(administration: Administration, name: string): Promise<void> {
  if (!/^[a-z0-9.-]+$/i.test(name)) throw new MailServerRefused("invalidDomain", "not a domain name");
  await withAdministrator(administration, async (session) => {
    const { lines } = required(await session.command(`LIST "" "user/%@${name.toLowerCase()}"`));
    if (lines.some((line) => line.startsWith("* LIST "))) {
      throw new MailServerRefused("objectIsLinked", "boxes stand in the domain");
    }
  });
}

async function deleteBox(session: ImapSession, address: string): Promise<void> {
  if (!(await stands(session, address))) return;
  // Without this right of its own the administrator is refused; folders below go with it.
  required(await session.command(`SETACL ${root(address)} cyrus kxc`));
  required(await session.command(`DELETE ${root(address)}`));
}

async function stands(session: ImapSession, address: string): Promise<boolean> {
  const { lines } = required(await session.command(`LIST "" ${root(address)}`));
  return lines.some((line) => line.startsWith("* LIST "));
}

function withAdministrator<T>(
  administration: Administration,
  act: (session: ImapSession) => Promise<T>,
): Promise<T> {
  return withImap(administration.imap, administration.adminSecret, undefined, act);
}

/** @param below of the folders under it */
function root(address: string, below = ""): string {
  return `"user/${address.replace("@", `${below}@`)}"`;
}

function required<Answer extends { readonly refusal?: string }>(answer: Answer): Answer {
  if (answer.refusal !== undefined) {
    throw new MailServerRefused("refused", `Cyrus refuses: ${answer.refusal}`);
  }
  return answer;
}
