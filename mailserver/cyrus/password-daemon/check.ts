/**
 * Who may sign in with a password: a box whose row of `mail_directory.login` holds an argon2 hash. A box without a secret
 * has no password at all; the platform's services (hashes of another form) have none here either.
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
  /** Hash of a password nobody has: an unknown login costs the same time as a wrong password. */
  readonly decoy: string;
}

/** Checks a login (any address of a box, in any case) and its password. Never throws. */
export async function checkPassword(
  { pool, decoy }: PasswordCheck,
  login: string,
  password: string,
): Promise<PasswordAnswer> {
  let row: { name: string; secret: string | null } | undefined;
  try {
    const result = await pool.query<{ name: string; secret: string | null }>(
      "select name, secret from mail_directory.login where login = $1",
      [login.toLowerCase()],
    );
    row = result.rows[0];
  } catch {
    return { kind: "unavailable" };
  }
  const hash = row?.secret?.startsWith("$argon2") ? row.secret : undefined;
  try {
    const isRight = await verify(hash ?? decoy, password);
    return row !== undefined && hash !== undefined && isRight && password !== ""
      ? { kind: "box", address: row.name }
      : { kind: "no" };
  } catch {
    return { kind: "no" }; // A damaged hash: nobody signs in by it.
  }
}
