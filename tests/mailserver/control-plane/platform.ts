/** The control plane of a whole running platform, as its operator's administrator uses it over HTTP. */
import type { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import pg from "pg";
import { hashAppPassword, newAppPassword } from "../../../api/client-access/mod.ts";
import { Client } from "../gateway/client.ts";
import { NotLetIn, openBox } from "../../support/mail-program.ts";
import type { Stack } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { newIdNatPs, newIdNatStruct } from "../../support/tenants.ts";

export interface PlaneAnswer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- bodies of every shape
  readonly body: any;
}

export interface Structure {
  readonly structureId: string;
  readonly domain: string;
}

export interface BoxSpec {
  readonly type: "PER" | "ORG";
  readonly holderIdNatPs?: string;
}

export interface ControlPlane {
  readonly database: pg.Client;
  send(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<PlaneAnswer>;
  /** The bytes of a file that the API serves. */
  download(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the person who acts the role that a structure's own administrator has. */
  administer(structureId: string): Promise<void>;
  /** A structure with a domain of its own. */
  newStructure(): Promise<Structure>;
  /** A box that a mail client opens (`signIn`); ORG unless said otherwise. */
  newMailbox(structure: Structure, spec?: BoxSpec): Promise<{ id: string; address: string }>;
  /** Gives a box's present address to a mail client, with an app password. */
  useClient(mailboxId: string): Promise<void>;
  /** Opens the box as that client does, at the edge. @throws NotLetIn */
  signIn(address: string, secret?: string): Promise<ImapFlow>;
  maySignIn(address: string, secret?: string): Promise<boolean>;
  /** The app password of that client. */
  secretOf(address: string): string;
  /** Somebody with a national identity and a browser. */
  newPerson(): Promise<{ idNatPs: string; client: Client }>;
  close(): Promise<void>;
}

/** Signs an administrator of the operator in by a row: his way through Pro Santé Connect has its own tests. */
export async function openControlPlane(stack: Stack): Promise<ControlPlane> {
  const database = new pg.Client({ connectionString: stack.adminDatabaseUrl });
  database.on("error", () => {});
  await database.connect();
  const { rows: [person] } = await database.query(
    "insert into app.people (issuer, subject, family_name) values ('https://test', $1, 'TEST') returning id",
    [crypto.randomUUID()],
  );
  await database.query(
    "insert into app.operator_roles (person_id, role) values ($1, 'operator_administrator')",
    [person.id],
  );
  const newSession = async (personId: string): Promise<{ id: string; token: string }> => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const token = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    const { rows: [session] } = await database.query(
      "insert into app.sessions (token_hash, person_id, acr, authenticated_at, expires_at) values ($1, $2, 'eidas1', now(), now() + interval '1 hour') returning id",
      [digest, personId],
    );
    return { id: session.id, token };
  };
  const { token } = await newSession(person.id);
  const secrets = new Map<string, string>();
  // Whoever acts becomes one of the box's members, or the holder's own app password is made.
  const useClient = async (mailboxId: string) => {
    await database.query(
      `insert into app.mailbox_members (structure_id, mailbox_id, person_id)
         select structure_id, id, $2 from app.mailboxes where id = $1 and type <> 'PER' on conflict do nothing`,
      [mailboxId, person.id],
    );
    const secret = newAppPassword();
    const { rows: [box] } = await database.query(
      `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, expires_at)
         select b.structure_id, b.id, coalesce(p.id, $2), 'test', $3, true, true, now() + interval '1 day'
           from app.mailboxes b left join app.people p on p.id_nat_ps = b.holder_id_nat_ps where b.id = $1
         returning (select address from app.mailboxes where id = $1)`,
      [mailboxId, person.id, hashAppPassword(secret)],
    );
    secrets.set(box.address, secret);
  };
  const secretOf = (address: string): string => {
    const secret = secrets.get(address);
    if (secret === undefined) throw new Error(`no client was given to ${address}`);
    return secret;
  };
  const signIn = async (address: string, secret = secretOf(address)): Promise<ImapFlow> => {
    return await openBox({ ...stack.edge.imaps, isImplicit: true }, address, { kind: "plain", secret });
  };
  const send: ControlPlane["send"] = async (method, path, body) => {
    const response = await fetch(`${stack.baseUrl}${path}`, {
      method,
      headers: {
        cookie: `__Host-mss_session=${token}`,
        "sec-fetch-site": "same-origin",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status >= 500) throw new Error(`${method} ${path}: ${text}`);
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  return {
    database,
    send,
    download: async (path) => {
      const response = await fetch(`${stack.baseUrl}${path}`, {
        headers: { cookie: `__Host-mss_session=${token}` },
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    administer: async (structureId) => {
      await database.query(
        "insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'structure_administrator')",
        [structureId, person.id],
      );
      // The API keeps what a session may do for a second.
      await until("the role is in force", async () => {
        const { body } = await send("GET", "/api/v1/session");
        return body.roles.some((one: { structureId: string | null }) => one.structureId === structureId);
      });
    },
    newStructure: async () => {
      const made = await send("POST", "/api/v1/structures", {
        idNatStruct: newIdNatStruct(),
        name: "Structure",
      });
      await send("PATCH", `/api/v1/structures/${made.body.id}`, { settings: { appPasswordsAllowed: true } });
      const domain = `s${crypto.randomUUID().slice(0, 8)}.mssante.test`;
      await send("POST", `/api/v1/structures/${made.body.id}/domains`, { name: domain });
      return { structureId: made.body.id, domain };
    },
    newMailbox: async ({ structureId, domain }, spec = { type: "ORG" }) => {
      const address = `box-${crypto.randomUUID().slice(0, 8)}@${domain}`;
      const made = await send("POST", `/api/v1/structures/${structureId}/mailboxes`, { address, ...spec });
      if (made.status !== 201) throw new Error(`box: ${made.status} ${JSON.stringify(made.body)}`);
      await useClient(made.body.id);
      return { id: made.body.id, address };
    },
    useClient,
    signIn,
    secretOf,
    maySignIn: async (address, secret) => {
      try {
        await (await signIn(address, secret)).logout();
        return true;
      } catch (error) {
        if (error instanceof NotLetIn) return false;
        throw error;
      }
    },
    newPerson: async () => {
      const idNatPs = newIdNatPs();
      const { rows: [person] } = await database.query(
        "insert into app.people (issuer, subject, id_nat_ps, family_name) values ('https://test', $1, $1, 'TEST') returning id",
        [idNatPs],
      );
      const session = await newSession(person.id);
      const cookie = `__Host-mss_session=${session.token}`;
      return { idNatPs, client: new Client(stack.baseUrl, cookie, person.id, session.id) };
    },
    close: async () => await database.end(),
  };
}

/** Hands a letter over as another operator does; the server's last code. */
export async function deliver(stack: Stack, to: string, subject: string): Promise<number> {
  const { relay } = stack.addresses;
  if (relay === undefined) throw new Error("no relay port");
  const transport = createTransport({ ...relay, tls: { rejectUnauthorized: false } });
  try {
    const from = "gabriel.garnier@gamma.mssante.test";
    await transport.sendMail({ envelope: { from, to: [to] }, from, to, subject, text: "Bonjour." });
    return 250;
  } catch (error) {
    return (error as { responseCode?: number }).responseCode ?? 0;
  } finally {
    transport.close();
  }
}

/** Waits until the letter is accepted and answers after how many milliseconds it was. */
export async function elapsedUntilAccepted(
  stack: Stack,
  to: string,
  subject: string,
  seconds: number,
): Promise<number> {
  const codes: number[] = [];
  try {
    return await elapsedUntil(async () => {
      codes.push(await deliver(stack, to, subject));
      return codes.at(-1) === 250;
    }, seconds);
  } catch (error) {
    throw new Error(`codes ${codes.join(" ")}`, { cause: error });
  }
}

/** Waits until `check` holds and answers after how many milliseconds it did; throws after `seconds`. */
export async function elapsedUntil(check: () => Promise<boolean>, seconds: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    if (await check()) return performance.now() - start;
    if (performance.now() - start > seconds * 1000) throw new Error(`not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
