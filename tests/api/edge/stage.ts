/** The edge's private entrance over real PostgreSQL and Redis, with the real simulator as Pro Santé Connect. */
import { createEdgeApp } from "../../../api/edge/routes.ts";
import { hashAppPassword, newAppPassword } from "../../../api/client-access/mod.ts";
import { nameOf } from "../../../api/edge/proof.ts";
import { hashProviderSession } from "../../../api/identity/mod.ts";
import { subjectOf } from "../../../infra/simulated/pro-sante-connect/people.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";
import { openPlatform, type Platform, type PlatformOptions } from "../identity/platform.ts";
import { simulate, type SimulatedPsc } from "../identity/simulated-psc.ts";

export interface SignIn {
  readonly mech?: string;
  readonly username?: string;
  readonly secret?: string;
  readonly service?: "imap" | "submission";
  readonly ip?: string;
  readonly cert_subject?: string;
  readonly cert_issuer?: string;
  readonly cert_serial?: string;
  readonly cert_sha256?: string;
}

export interface EdgeAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: { readonly box: string; readonly person: string } | undefined;
}

export interface Refusal {
  readonly reason: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly structure_id: string | null;
}

export interface Stage {
  readonly psc: SimulatedPsc;
  readonly platform: Platform;
  readonly key: string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** As Exim asks. */
  signIn(attempt: SignIn): Promise<EdgeAnswer>;
  /** As Dovecot asks. */
  signInByForm(attempt: SignIn): Promise<EdgeAnswer>;
  check(question: { box: string; person: string; sender?: string }): Promise<EdgeAnswer>;
  /** An account of one of the simulator's people. */
  person(key: string): Promise<{ readonly id: string; readonly idNatPs: string }>;
  tenant(): Promise<Tenant>;
  box(tenant: Tenant, spec?: Parameters<typeof newMailbox>[2]): Promise<{ id: string; address: string }>;
  member(mailboxId: string, personId: string): Promise<void>;
  delegate(
    mailboxId: string,
    personId: string,
    rights: { write?: boolean; sendAs?: boolean; onBehalf?: boolean },
  ): Promise<void>;
  appPassword(
    mailboxId: string,
    personId: string,
    wish?: { imap?: boolean; submission?: boolean; seconds?: number },
  ): Promise<{ id: string; secret: string }>;
  refusals(): Promise<Refusal[]>;
  close(): Promise<void>;
}

/** The proof that a sign-in by token gives: issued now, for four hours, of a session of the provider where it has a name. */
export function personProof(
  personId: string,
  mailboxId: string,
  { sid, now = new Date() }: { readonly sid?: string; readonly now?: Date } = {},
): string {
  const token = {
    issuedAt: now,
    endsAt: new Date(now.getTime() + 14_400_000),
    sessionHash: sid === undefined ? null : hashProviderSession(sid),
  };
  return nameOf({ kind: "person", id: personId, mailboxId, token });
}

/** No two tests come from the same address, which the guard remembers. */
export const newAddress = () => `10.${[1, 2, 3].map(() => Math.floor(Math.random() * 256)).join(".")}`;

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

export async function openStage(options: PlatformOptions = {}): Promise<Stage> {
  const psc = await simulate();
  const platform = await openPlatform(psc, options);
  const { harness } = platform;
  const key = crypto.randomUUID();
  const app = createEdgeApp(harness.deps, {
    key,
    imapTicket: { host: "127.0.0.1", port: 2143 },
    tokenSessionSeconds: 14_400,
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("x-edge-key")) headers.set("x-edge-key", key);
    return await app.request(`http://edge${path}`, { ...init, headers });
  };
  const read = async (response: Response): Promise<EdgeAnswer> => {
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { status: response.status, text, body: isJson ? JSON.parse(text) : undefined };
  };
  const encoded = new Set(["username", "secret", "cert_subject", "cert_issuer", "box", "person", "sender"]);
  const post = async (path: string, fields: object) => {
    const body = Object.fromEntries(
      Object.entries(fields).map(([name, value]) =>
        encoded.has(name) ? [`${name}_b64`, base64(String(value))] : [name, value]
      ),
    );
    return await read(
      await ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  };
  const usual = { mech: "XOAUTH2", service: "imap", ip: "192.0.2.1", port: "143", tls: "TLSv1.3" };
  const { database } = harness;
  return {
    psc,
    platform,
    key,
    ask,
    signIn: (attempt) => post("/edge/auth", { ...usual, ...attempt }),
    signInByForm: async (attempt) =>
      await read(
        await ask("/edge/auth", { method: "POST", body: new URLSearchParams({ ...usual, ...attempt }) }),
      ),
    check: (question) => post("/edge/check", { sender: "", ip: "192.0.2.1", ...question }),
    person: async (name) => {
      const person = psc.people.find((one) => one.key === name);
      if (person === undefined) throw new Error(`nobody is called ${name}`);
      const [row] = await database.rows(
        `insert into app.people (issuer, subject, id_nat_ps, given_name, family_name) values ($1, $2, $3, $4, $5)
         on conflict (issuer, subject) do update set updated_at = now() returning id`,
        [psc.issuer, subjectOf(person), person.idNat, person.givenName, person.familyName],
      );
      return { id: String(row?.id), idNatPs: person.idNat };
    },
    tenant: () => newTenant(harness),
    box: (tenant, spec) => newMailbox(harness, tenant, spec),
    member: async (mailboxId, personId) => {
      await database.rows(
        `insert into app.mailbox_members (structure_id, mailbox_id, person_id)
         select structure_id, id, $2 from app.mailboxes where id = $1`,
        [mailboxId, personId],
      );
    },
    delegate: async (mailboxId, personId, { write = false, sendAs = false, onBehalf = false }) => {
      await database.rows(
        `insert into app.mailbox_delegations (structure_id, mailbox_id, person_id, may_read, may_write, may_send_as,
           may_send_on_behalf, may_manage, starts_at)
         select structure_id, id, $2, true, $3, $4, $5, false, now() - interval '1 minute' from app.mailboxes where id = $1`,
        [mailboxId, personId, write || sendAs || onBehalf, sendAs, onBehalf],
      );
    },
    appPassword: async (mailboxId, personId, { imap = true, submission = true, seconds = 3_600 } = {}) => {
      const secret = newAppPassword();
      const now = harness.clock.now();
      const [row] = await database.rows(
        `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, created_at, expires_at)
         select structure_id, id, $2, 'Poste', $3, $4, $5, $6, $7 from app.mailboxes where id = $1 returning id`,
        [
          mailboxId,
          personId,
          hashAppPassword(secret),
          imap,
          submission,
          now,
          new Date(now.getTime() + seconds * 1_000),
        ],
      );
      return { id: String(row?.id), secret };
    },
    refusals: async () =>
      (await database.rows(
        "select reason, subject_kind, subject_id, structure_id from app.audit_events where action = 'edge.refuse' order by id",
      )) as unknown as Refusal[],
    close: async () => {
      await platform.close();
      await psc.close();
    },
  };
}
