/** Passwords of the staff: what is accepted (NIST SP 800-63B-4 §3.1.1, ASVS 6.2) and how it is kept. */
import { hash, verify } from "@node-rs/argon2";
import { problem } from "../problems.ts";
import { guessesOf } from "./strength.ts";

/**
 * Argon2id, above the least that OWASP asks for (46 MiB, one pass): some 100 ms on a server, which is what a guess costs.
 * The number is of the library's enum, which a module by itself cannot import.
 */
const cost = { algorithm: 2, memoryCost: 47_104, timeCost: 2, parallelism: 1 } as const;
export const minimumLength = 12;
export const maximumLength = 128;
/** Hashes at once; each takes 46 MiB. Who comes later waits: it is a few people's sign-in. */
const mostAtOnce = 4;
/** Who comes after so many is told to come back: a flood must not become an hour's queue. */
const mostWaiting = 32;

export type PasswordFault = "too-short" | "too-long" | "contains-name" | "too-easy";

export interface PasswordOwner {
  readonly login: string;
  readonly givenName: string;
  readonly familyName: string;
}

/** The same password however a keyboard composes its letters. */
const normal = (password: string) => password.normalize("NFC");

/** What is wrong with a new password, or undefined. No rule of composition: length, and not to be guessed. */
export async function findPasswordFault(
  password: string,
  owner: PasswordOwner,
): Promise<PasswordFault | undefined> {
  const text = normal(password);
  const length = [...text].length;
  if (length < minimumLength) return "too-short";
  if (length > maximumLength) return "too-long";
  const names = [owner.givenName, owner.familyName, owner.login.split("@")[0] ?? ""];
  if (names.some((name) => plain(name).length >= 3 && plain(text).includes(plain(name)))) {
    return "contains-name";
  }
  const words = [...names, owner.login, "mssante", "messagerie", "operateur"];
  return await guessesOf(text, words) < leastGuesses ? "too-easy" : undefined;
}

/** Guesses that a password must withstand, as a power of ten: beyond what a slow hash lets one try. */
const leastGuesses = 8;

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

export async function hashPassword(password: string): Promise<string> {
  return await inTurn(() => hash(normal(password), cost));
}

let decoy: Promise<string> | undefined;

/**
 * Whether the password is that of the hash. Without a hash (no such account, no password) the same work is done for
 * nothing, so that the time of the answer does not tell one from the other.
 */
export async function isPassword(passwordHash: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword(crypto.randomUUID());
  const against = passwordHash ?? await decoy;
  // Whatever is longer than any password of ours is none; it is not hashed as it is, which could take long.
  const text = [...normal(password)].length > maximumLength ? "" : normal(password);
  const isRight = await inTurn(() => verify(against, text));
  return isRight && passwordHash !== null;
}

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (waiting.length >= mostWaiting) throw problem("too-many-requests", { retryAfterSeconds: 5 });
  if (running >= mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await run();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
