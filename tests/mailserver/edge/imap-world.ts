/** A whole platform with its edge, and what people and software sign in with there. */
import pg from "pg";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ImapFlow } from "imapflow";
import { certificateKeys, hashAppPassword, newAppPassword } from "../../../api/client-access/mod.ts";
import { type Identity, issueLeaf, type LeafRequest } from "../../../mailserver/certificates/authority.ts";
import type { ClientAuthority } from "../../../mailserver/certificates/clients.ts";
import { privateKeyPem } from "../../../mailserver/certificates/directory.ts";
import { operatorDomain } from "../../../scripts/stack/platform.ts";
import { Visitor } from "../../journeys/support/visitor.ts";
import { ImapClient } from "../../support/imap.ts";
import { type Door, type KeyPair, NotLetIn, openBox, type Way } from "../../support/mail-program.ts";
import { type Stack, startStack } from "../../support/stack.ts";

export const anne = "anne.allard@alpha.mssante.test";
export const secretariat = "secretariat@alpha.mssante.test";
export const bruno = "bruno.bernard@beta.mssante.test";

export type { Way };

export type PersonKey = "anne-allard" | "bruno-bernard" | "claire-corbeau" | "djibril-audit";

/** A key pair as clients hold it. */
export interface Certificate {
  readonly id: string;
  readonly own: KeyPair;
  readonly identity: Identity;
}

export interface World {
  readonly stack: Stack;
  readonly visitors: Readonly<Record<PersonKey, Visitor>>;
  /** Everything that must stand in no log. */
  readonly secrets: string[];
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, string>[]>;
  mailboxId(address: string): Promise<string>;
  /** An access token of Pro Santé Connect, as the person's program holds it. */
  token(person: PersonKey, wish?: Record<string, unknown>): Promise<string>;
  appPassword(
    person: PersonKey,
    address: string,
    scopes?: readonly ("imap" | "submission")[],
  ): Promise<{ id: string; secret: string }>;
  /** A certificate of structure alpha, registered for these boxes; with none it is not registered at all. */
  certificate(
    boxes: readonly string[],
    request?: Partial<LeafRequest>,
    issuer?: Identity,
  ): Promise<Certificate>;
  readonly authority: ClientAuthority;
  stop(): Promise<void>;
}

export async function startImapWorld(mail: "stalwart" | "cyrus"): Promise<World> {
  const stack = await startStack({ mail, hasEdge: true });
  const pool = new pg.Pool({ connectionString: stack.adminDatabaseUrl, max: 2 });
  pool.on("error", () => undefined); // The stack ends before it.
  const sql: World["sql"] = async (text, values) => (await pool.query(text, values as unknown[])).rows;
  const secrets: string[] = [];
  const authority = await stack.clientAuthority();
  const people = ["anne-allard", "bruno-bernard", "claire-corbeau", "djibril-audit"] as const;
  // A person is known by the account with which he first came to the webmail.
  const visitors = Object.fromEntries(
    await Promise.all(people.map(async (key) => [key, await Visitor.signIn(stack.baseUrl, key)])),
  ) as Record<PersonKey, Visitor>;
  const mailboxId = async (address: string) => {
    const [row] = await sql("select id from app.mailboxes where address = $1", [address]);
    if (row === undefined) throw new Error(`no box ${address}`);
    return row["id"]!;
  };
  return {
    stack,
    visitors,
    secrets,
    sql,
    mailboxId,
    authority,
    token: async (person, wish = {}) => {
      const response = await fetch(`${stack.controls.proSanteConnect}/access-tokens`, {
        method: "POST",
        body: JSON.stringify({ person, ...wish }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      const { accessToken } = await response.json();
      secrets.push(accessToken);
      return accessToken;
    },
    appPassword: async (person, address, scopes = ["imap", "submission"]) => {
      const secret = newAppPassword();
      secrets.push(secret);
      const [row] = await sql(
        `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, expires_at)
         select b.structure_id, b.id, p.id, 'test', $3, $4, $5, now() + interval '1 day'
           from app.mailboxes b, app.people p where b.address = $1 and p.family_name = $2 returning id`,
        [
          address,
          person.split("-")[1]!.toUpperCase(),
          hashAppPassword(secret),
          scopes.includes("imap"),
          scopes.includes("submission"),
        ],
      );
      if (row === undefined) throw new Error(`no box ${address} or no ${person}`);
      return { id: row["id"]!, secret };
    },
    certificate: async (boxes, request = {}, issuer = authority.organisations) => {
      const identity = await issueLeaf(issuer, {
        purpose: "client",
        commonName: `logiciel-${crypto.randomUUID().slice(0, 8)}`,
        organisation: "Cabinet médical Alpha",
        idNatStruct: "312345678900011",
        department: "Paris (75)",
        ...request,
      }, new Date());
      const pem = identity.certificate.toString("pem");
      const own = { certificate: pem, privateKey: await privateKeyPem(identity) };
      if (boxes.length === 0) return { id: "", own, identity };
      const { subject, issuer: issuedBy, serialNumber: serial } = identity.certificate;
      const keys = certificateKeys({ subject, issuer: issuedBy, serial })!;
      const [row] = await sql(
        `insert into app.client_certificates (structure_id, label, subject, issuer, subject_key, issuer_key, serial, sha256, not_after)
         select structure_id, 'test', $2, $3, $4, $5, $6, $7, now() + interval '1 day' from app.mailboxes where address = $1 returning id, structure_id`,
        [
          boxes[0],
          subject,
          issuedBy,
          keys.subjectKey,
          keys.issuerKey,
          keys.serial,
          Uint8Array.fromHex(new X509Certificate(pem).fingerprint256.replaceAll(":", "")),
        ],
      );
      await sql(
        "insert into app.client_certificate_mailboxes select structure_id, $1, id from app.mailboxes where address = any($2)",
        [row!["id"], boxes],
      );
      return { id: row!["id"]!, own, identity };
    },
    stop: async () => {
      await pool.end();
      await stack.stop();
    },
  };
}

/** Where this way comes in, as from another machine. Dovecot takes a connection from an address to itself for a safe one. */
export function doorOf({ stack }: World, way: Way, isImplicit = false): Door {
  const { imap, imaps, imapCertificate, imapsCertificate } = stack.edge;
  const [plain, implicit] = way.kind === "certificate" ? [imapCertificate, imapsCertificate] : [imap, imaps];
  const { port } = isImplicit ? implicit : plain;
  const server = {
    certificate: readFileSync(stack.edgeCertificateFile, "utf8"),
    name: `edge.${operatorDomain}`,
  };
  return { host: "127.0.0.2", port, isImplicit, server };
}

/** Opens a box with a mail program, over verified TLS. @throws NotLetIn */
export function signIn(world: World, box: string, way: Way, isImplicit = false): Promise<ImapFlow> {
  return openBox(doorOf(world, way, isImplicit), box, way);
}

/** What a program was told that was not let in. */
export async function refusal(attempt: Promise<ImapFlow>): Promise<Pick<NotLetIn, "line" | "challenge">> {
  try {
    (await attempt).close();
    return { line: "it came in" };
  } catch (error) {
    if (!(error instanceof NotLetIn)) throw error;
    return error;
  }
}

/** One who speaks the protocol by hand, with TLS or, for what comes before it, without. */
export async function speak(world: World, way: Way, isSafe = true): Promise<ImapClient> {
  const { host, port } = doorOf(world, way);
  const own = way.kind === "certificate" ? { clientCertificate: way.certificate } : {};
  const client = await ImapClient.connect({ host, port, ...own });
  if (isSafe) await client.startTls();
  return client;
}
