/**
 * Secrets of one stack: made once, one file each, readable by their owner alone. Nothing prints or logs them.
 */
/** A secret and the file that holds it (without line end). */
export interface Secret {
  readonly path: string;
  readonly value: string;
}

/**
 * Reads the secret `name`, making it first when it does not exist.
 *
 * @param directory mode 0700, made when absent.
 * @param make value of a new secret; by default 256 random bits in base64url.
 */
export async function secretFile(
  directory: string,
  name: string,
  make: () => string = randomSecret,
): Promise<Secret> {
  const path = `${directory}/${name}`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    await Deno.writeTextFile(path, make(), { createNew: true, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  return { path, value: await Deno.readTextFile(path) };
}

/**
 * 256 random bits in base64url, which needs no quoting in URLs, SQL or configuration files; never with a hyphen in front,
 * which command lines take for an option.
 */
export function randomSecret(): string {
  const secret = crypto.getRandomValues(new Uint8Array(32))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  return secret.startsWith("-") ? randomSecret() : secret;
}
