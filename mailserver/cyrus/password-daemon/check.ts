/**
 * Who may sign in with a password: an active box whose row of `mail_directory.login` holds a hash (argon2, or the salted
 * SHA-512 form `{SSHA512}`). A box without a secret has no password at all. The platform's services stand in that view too,
 * for the product's own mail server; they are no boxes, so they are no senders, and have no password here.
 */
import { verify } from "@node-rs/argon2";
import type { Pool } from "pg";

/** `box`: its own address. `no`: refused. `unavailable`: the directory does not answer, so nothing is known. */
export type PasswordAnswer =
  | { readonly kind: "box"; readonly address: string }
  | { readonly kind: "no" }
  | { readonly kind: "unavailable" };

export interface PasswordCheck {
  readonly pool: Pool;
  /** Argon2 hash of a password nobody has: an unknown login costs the same time as a wrong password. */
  readonly decoy: string;
}

const question = `select l.name, l.secret from mail_directory.login l
  where l.login = $1 and exists (select from mail_directory.sender s where s.login = l.name)`;

/** Checks a login (any address of a box, in any case) and its password. Never throws. */
export async function checkPassword(
  { pool, decoy }: PasswordCheck,
  login: string,
  password: string,
): Promise<PasswordAnswer> {
  let row: { name: string; secret: string | null } | undefined;
  try {
    row =
      (await pool.query<{ name: string; secret: string | null }>(question, [login.toLowerCase()])).rows[0];
  } catch {
    return { kind: "unavailable" };
  }
  const isRight = await matches(row?.secret ?? decoy, password);
  return row !== undefined && row.secret !== null && isRight && password !== ""
    ? { kind: "box", address: row.name }
    : { kind: "no" };
}

async function matches(secret: string, password: string): Promise<boolean> {
  try {
    const salted = /^\{SSHA512\}(.+)$/.exec(secret)?.[1];
    return salted === undefined ? await verify(secret, password) : await matchesSalted(salted, password);
  } catch {
    return false; // A damaged hash: nobody signs in by it.
  }
}

const sha512Bytes = 64;

/** RFC 2307's scheme with SHA-512: base64(digest + salt). */
async function matchesSalted(encoded: string, password: string): Promise<boolean> {
  const bytes = Uint8Array.fromBase64(encoded);
  const salt = bytes.subarray(sha512Bytes);
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-512", new Uint8Array([...new TextEncoder().encode(password), ...salt])),
  );
  let difference = bytes.length > sha512Bytes ? 0 : 1;
  digest.forEach((byte, index) => difference |= byte ^ (bytes[index] ?? 0xff));
  return difference === 0;
}
