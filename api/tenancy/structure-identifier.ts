/**
 * idNat_Struct, the national identifier of a structure (OID 1.2.250.1.71.4.2.2): `1` + FINESS (9) or `3` + SIRET (14).
 * A FINESS is not purely numeric: Corsica has 2A and 2B, test data others. No key is verified: no rule is established.
 */
export type StructureIdentifier =
  | { readonly ok: true; readonly idNatStruct: string; readonly kind: "finess" | "siret" }
  | { readonly ok: false; readonly reason: string };

export function parseStructureIdentifier(text: string): StructureIdentifier {
  if (/^1[0-9A-Z]{9}$/.test(text)) return { ok: true, idNatStruct: text, kind: "finess" };
  if (/^3[0-9]{14}$/.test(text)) return { ok: true, idNatStruct: text, kind: "siret" };
  if (/^[0-9A-Z]{9}$/.test(text)) return { ok: false, reason: "looks like a FINESS alone: put 1 before it" };
  if (/^[0-9]{14}$/.test(text)) return { ok: false, reason: "looks like a SIRET alone: put 3 before it" };
  return {
    ok: false,
    reason: "must be 1 followed by a FINESS (9 characters) or 3 followed by a SIRET (14 digits)",
  };
}
