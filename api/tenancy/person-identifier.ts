/**
 * idNat_PS, the national identifier of a professional: `8` + RPPS (11 digits, the last a Luhn key), `0` + ADELI (legacy, kept
 * because old directories still hold it), or an identity of the register EDIT, whose form is not published.
 */
import { isLuhnValid } from "../identity/mod.ts";

export type PersonIdentifier =
  | { readonly ok: true; readonly idNatPs: string; readonly kind: "rpps" | "adeli" | "other" }
  | { readonly ok: false; readonly reason: string };

export function parsePersonIdentifier(text: string): PersonIdentifier {
  if (/^8\d{11}$/.test(text)) {
    // A mistyped number could open the box to somebody else.
    if (!isLuhnValid(text.slice(1))) {
      return { ok: false, reason: "holds an RPPS whose key does not fit: check its digits" };
    }
    return { ok: true, idNatPs: text, kind: "rpps" };
  }
  if (/^\d{11}$/.test(text)) return { ok: false, reason: "looks like an RPPS alone: put 8 before it" };
  if (/^0[0-9A-Z]{9}$/.test(text)) return { ok: true, idNatPs: text, kind: "adeli" };
  if (/^[0-9A-Za-z][0-9A-Za-z/._-]{0,63}$/.test(text)) return { ok: true, idNatPs: text, kind: "other" };
  return {
    ok: false,
    reason: "must be 8 followed by an RPPS, or an identifier of 1 to 64 letters, digits and / . _ -",
  };
}
