/**
 * The signing keys. Kept in a file where one is given: a platform that keeps its sessions between two starts presents
 * their id_tokens again at sign-out, as it would to a service that never stopped.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { z } from "zod";

type PublicKey = Awaited<ReturnType<typeof generateKeyPair>>["publicKey"];

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: PublicKey;
  readonly publicKey: PublicKey;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

/** RS256 keys, the newest first. Only the newest is published; the older ones still open what they signed. */
export interface Keys {
  newest(): SigningKey;
  published(): { keys: JWK[] };
  all(): { keys: JWK[] };
  withId(kid: string | undefined): SigningKey | undefined;
  rotate(): Promise<void>;
}

/** Keys beyond this number are forgotten. */
const maximumKeys = 5;

export async function makeKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return await openKey(await exportJWK(privateKey));
}

let stranger: Promise<SigningKey> | undefined;

/** A key that is published nowhere: made once, since it takes longer than some tests wait. */
export function strangersKey(): Promise<SigningKey> {
  return stranger ??= makeKey();
}

async function openKey({ kty, n, e, ...secret }: JWK): Promise<SigningKey> {
  const bare = { kty, n, e } as JWK;
  const kid = await calculateJwkThumbprint(bare);
  const publicJwk = { ...bare, kid, alg: "RS256", use: "sig" };
  const privateJwk = { ...secret, ...publicJwk };
  return {
    kid,
    privateJwk,
    publicJwk,
    privateKey: await importJWK(privateJwk, "RS256") as PublicKey,
    publicKey: await importJWK(publicJwk, "RS256") as PublicKey,
  };
}

/** @param file where the keys are kept, readable by its owner alone; without it they die with the process */
export async function createKeys(file?: string): Promise<Keys> {
  const kept = file === undefined ? [] : await readKeys(file);
  let keys: [SigningKey, ...SigningKey[]] = [kept[0] ?? await makeKey(), ...kept.slice(1)];

  async function save(): Promise<void> {
    if (file === undefined) return;
    // Written beside and moved, so that a kill in between leaves the old ones.
    await Deno.writeTextFile(`${file}.new`, JSON.stringify(keys.map((key) => key.privateJwk)), {
      mode: 0o600,
    });
    await Deno.rename(`${file}.new`, file);
  }
  if (kept.length === 0) await save();

  return {
    newest: () => keys[0],
    published: () => ({ keys: [keys[0].publicJwk] }),
    all: () => ({ keys: keys.map((key) => key.privateJwk) }),
    withId: (kid) => keys.find((key) => key.kid === kid),
    rotate: async () => {
      keys = [await makeKey(), ...keys.slice(0, maximumKeys - 1)];
      await save();
    },
  };
}

async function readKeys(file: string): Promise<SigningKey[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const listed = z.array(
    z.looseObject({ kty: z.literal("RSA"), n: z.string(), e: z.string(), d: z.string() }),
  );
  return await Promise.all(listed.parse(JSON.parse(text)).map(openKey));
}
