import { z } from "./openapi.ts";

/**
 * A line of text that a person wrote: in NFC, without spaces around it, without control characters (PostgreSQL refuses
 * NUL, and a line break in a name forges headers) nor lone surrogates. Lengths in UTF-16 units, so never above the
 * database's own limit in characters.
 */
export function plainText(min: number, max: number) {
  return z.string()
    .max(max * 2)
    .refine((text) => text.isWellFormed() && !/\p{Cc}|\p{Cs}|[\u2028\u2029]/u.test(text), {
      error: "holds a character that is not text",
    })
    .overwrite((text) => text.normalize("NFC").trim())
    .min(min)
    .max(max)
    .openapi({ minLength: min, maxLength: max });
}
