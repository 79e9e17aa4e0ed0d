/** A browser's side of JMAP, as thin as it can be: cookie, origin, calls. */
export type Call = [name: string, args: Record<string, unknown>, callId: string];
// deno-lint-ignore no-explicit-any -- responses are looked into by tests, field by field
export type Answer = [name: string, args: any, callId: string];

export const core = "urn:ietf:params:jmap:core";
export const mail = "urn:ietf:params:jmap:mail";
export const submission = "urn:ietf:params:jmap:submission";
export const using = [
  core,
  mail,
  submission,
  "urn:ietf:params:jmap:blob",
  "urn:ietf:params:jmap:quota",
  "urn:ietf:params:jmap:vacationresponse",
];

export interface SessionObject {
  readonly accounts: Record<
    string,
    { name: string; accountCapabilities: Record<string, Record<string, unknown>> }
  >;
  readonly primaryAccounts: Record<string, string>;
  readonly capabilities: Record<string, Record<string, unknown>>;
  readonly state: string;
  readonly username: string;
  readonly [url: string]: unknown;
}

export class Client {
  readonly #folders = new Map<string, Record<string, string>>();
  constructor(
    readonly baseUrl: string,
    readonly cookie: string,
    readonly personId: string,
    readonly sessionId: string,
  ) {}

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.baseUrl), {
      ...init,
      headers: { cookie: this.cookie, origin: this.baseUrl, ...init.headers as Record<string, string> },
      redirect: "manual",
    });
  }

  async session(): Promise<SessionObject> {
    const response = await this.fetch("/jmap/session");
    if (!response.ok) throw new Error(`session: ${response.status} ${await response.text()}`);
    return await response.json();
  }

  /** Account id of the box of that address. */
  async account(address: string): Promise<string> {
    const { accounts } = await this.session();
    const found = Object.entries(accounts).find(([, account]) => account.name === address);
    if (found === undefined) throw new Error(`no account for ${address}`);
    return found[0];
  }

  post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch("/jmap/api", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
  }

  async call(calls: Call[], more: Record<string, unknown> = {}): Promise<Answer[]> {
    const response = await this.post(JSON.stringify({ using, methodCalls: calls, ...more }));
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()).methodResponses;
  }

  /** The one response to one call. */
  async one(name: string, args: Record<string, unknown>): Promise<Answer> {
    const [answer] = await this.call([[name, args, "0"]]);
    return answer!;
  }

  /** Folder id by role. */
  async folder(accountId: string, role: string): Promise<string> {
    let folders = this.#folders.get(accountId);
    if (folders === undefined) {
      const [, { list }] = await this.one("Mailbox/get", { accountId, ids: null, properties: ["role"] });
      folders = Object.fromEntries(list.map((each: { id: string; role: string }) => [each.role, each.id]));
      this.#folders.set(accountId, folders!);
    }
    return folders![role]!;
  }

  async upload(accountId: string, bytes: BodyInit, type = "application/octet-stream"): Promise<Response> {
    return await this.fetch(`/jmap/upload/${encodeURIComponent(accountId)}/`, {
      method: "POST",
      headers: { "content-type": type },
      body: bytes,
    });
  }

  /** Puts a raw message into a folder and returns its Email id. */
  async importMessage(accountId: string, raw: string, role = "drafts"): Promise<string> {
    const uploaded = await this.upload(accountId, raw, "message/rfc822");
    const { blobId } = await uploaded.json();
    const [, answer] = await this.one("Email/import", {
      accountId,
      emails: {
        m: { blobId, mailboxIds: { [await this.folder(accountId, role)]: true }, keywords: { $draft: true } },
      },
    });
    const id = answer.created?.m?.id;
    if (id === undefined) throw new Error(`import: ${JSON.stringify(answer)}`);
    return id;
  }

  /** The identity of that address. */
  async identity(accountId: string, email: string): Promise<string> {
    const [, { list }] = await this.one("Identity/get", { accountId, ids: null });
    return list.find((each: { email: string }) => each.email === email).id;
  }
}

/** A raw message of a few lines. */
export function message(fields: Record<string, string>, body = "Bonjour"): string {
  return `${
    Object.entries(fields).map(([name, value]) => `${name}: ${value}`).join("\r\n")
  }\r\n\r\n${body}\r\n`;
}
