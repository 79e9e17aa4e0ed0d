/** Codes that stand in, once each, for a telephone that was lost. 125 random bits each (ASVS 6.5.2 asks for 112). */
import type { Buffer } from "node:buffer";
import { createHash, randomInt } from "node:crypto";

const howMany = 10;
/** Without I, L, O and U, which are misread. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`. */
export function newRecoveryCodes(): string[] {
  return Array.from(
    { length: howMany },
    () => Array.from({ length: 5 }, () => letters(5)).join("-"),
  );
}

function letters(count: number): string {
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** The code as it was given out, from what somebody typed; undefined when it cannot be one. */
export function readRecoveryCode(typed: string): string | undefined {
  const bare = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return /^[0-9A-HJKMNP-TV-Z]{25}$/.test(bare) ? bare.match(/.{5}/g)?.join("-") : undefined;
}

/** SHA-256: the codes are random, so neither salt nor slow hash is needed. */
export function hashRecoveryCode(code: string): Buffer {
  return createHash("sha256").update(code).digest();
}
