/**
 * The mail of one box, message by message, over JMAP as the box itself (RFC 8620, 8621): nothing of it is held but the
 * message on its way. Used by the job that makes archives.
 */
import { type MailServer, MailServerRefused, MailServerUnavailable } from "../mail-server/mod.ts";

export interface StoredMessage {
  readonly blobId: string;
  readonly sizeBytes: number;
  /** Paths of the folders it lies in, from the root, e.g. `Archive/2026`. */
  readonly folders: readonly string[];
  readonly keywords: readonly string[];
  /** ISO 8601. */
  readonly receivedAt: string;
}

export interface BoxMail {
  readonly total: number;
  /** Oldest first. */
  messages(): AsyncGenerator<StoredMessage>;
  /** The message as it was received (RFC 5322). */
  read(message: StoredMessage): Promise<ReadableStream<Uint8Array>>;
}

/** Small enough for every server's own limit (maxObjectsInGet is 500 or more on both). */
const pageSize = 200;
const callTimeoutMilliseconds = 60_000;
const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];

interface Session {
  readonly downloadUrl: string;
  readonly primaryAccounts: Readonly<Record<string, string>>;
}
interface Folder {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
}
interface Email {
  readonly blobId: string;
  readonly size: number;
  readonly mailboxIds: Readonly<Record<string, boolean>>;
  readonly keywords: Readonly<Record<string, boolean>>;
  readonly receivedAt: string;
}

/** Throws `MailServerUnavailable` (try again) or `MailServerRefused` (the box is not let in). */
export async function openBoxMail(mailServer: MailServer, address: string): Promise<BoxMail> {
  const origin = new URL(mailServer.jmapUrl);
  const send = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        redirect: "error",
        headers: { ...init.headers, authorization: await mailServer.authorization(address) },
        signal: AbortSignal.timeout(callTimeoutMilliseconds),
      });
    } catch (cause) {
      throw new MailServerUnavailable("The mail server does not answer.", { cause });
    }
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403 || response.status === 404) {
      throw new MailServerRefused(`http-${response.status}`, "The mail server does not let the box in.");
    }
    throw new MailServerUnavailable(`The mail server answers HTTP ${response.status}.`);
  };
  const session = await (await send(mailServer.sessionUrl)).json() as Session;
  const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"] ?? "";
  const call = async <T>(method: string, args: object): Promise<T> => {
    const response = await send(origin, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ using, methodCalls: [[method, { accountId, ...args }, "c"]] }),
    });
    const { methodResponses } = await response.json() as {
      methodResponses: [string, T & { type?: string }, string][];
    };
    const [name, result] = methodResponses[0] ?? ["error", { type: "none" } as T & { type?: string }];
    if (name === "error") throw new MailServerUnavailable(`${method}: ${result.type ?? "error"}`);
    return result;
  };
  const { list } = await call<{ list: Folder[] }>("Mailbox/get", {
    ids: null,
    properties: ["id", "name", "parentId"],
  });
  const paths = folderPaths(list);
  const query = { sort: [{ property: "receivedAt", isAscending: true }] };
  const { total } = await call<{ total: number }>("Email/query", {
    ...query,
    limit: 1,
    calculateTotal: true,
  });
  return {
    total,
    async *messages() {
      for (let position = 0;; position += pageSize) {
        const { ids } = await call<{ ids: string[] }>("Email/query", { ...query, position, limit: pageSize });
        if (ids.length === 0) return;
        const page = await call<{ list: Email[] }>("Email/get", {
          ids,
          properties: ["blobId", "size", "mailboxIds", "keywords", "receivedAt"],
        });
        for (const one of page.list) {
          yield {
            blobId: one.blobId,
            sizeBytes: one.size,
            folders: Object.keys(one.mailboxIds).map((id) => paths.get(id) ?? "?").toSorted(),
            keywords: Object.keys(one.keywords).toSorted(),
            receivedAt: one.receivedAt,
          };
        }
      }
    },
    async read({ blobId }) {
      const path = session.downloadUrl.replace("{accountId}", encodeURIComponent(accountId))
        .replace("{blobId}", encodeURIComponent(blobId)).replace("{name}", "message.eml")
        .replace("{type}", encodeURIComponent("message/rfc822"));
      // Session objects may name another host than the one that was configured.
      const named = new URL(path, origin);
      const response = await send(new URL(named.pathname + named.search, origin));
      return response.body ?? new ReadableStream({ start: (controller) => controller.close() });
    },
  };
}

/** Paths by folder id. A folder's name is made safe as a file's: no separator, no leading dot. */
export function folderPaths(folders: readonly Folder[]): Map<string, string> {
  const byId = new Map(folders.map((one) => [one.id, one]));
  const path = (folder: Folder, depth = 0): string => {
    const name = folder.name.replace(/[/\\:*?"<>|\p{Cc}]/gu, "_").replace(/^\.+/, "_") || "_";
    const parent = folder.parentId === null || depth > 20 ? undefined : byId.get(folder.parentId);
    return parent === undefined ? name : `${path(parent, depth + 1)}/${name}`;
  };
  return new Map(folders.map((one) => [one.id, path(one)]));
}
