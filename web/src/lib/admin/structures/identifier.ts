/** idNat_Struct as people have it at hand: a FINESS (9) or a SIRET (14), with or without the national prefix. */

/** `1` + FINESS or `3` + SIRET; undefined when it is neither. */
export function toIdNatStruct(typed: string): string | undefined {
  const text = typed.replace(/[\s.\u00a0\u202f-]/g, "").toUpperCase();
  if (/^1[0-9A-Z]{9}$/.test(text) || /^3\d{14}$/.test(text)) return text;
  if (/^[0-9A-Z]{9}$/.test(text)) return `1${text}`;
  return /^\d{14}$/.test(text) ? `3${text}` : undefined;
}

/** « FINESS 310012345 », « SIRET 123 456 789 00011 ». */
export function spokenIdentifier(idNatStruct: string): string {
  const rest = idNatStruct.slice(1);
  if (idNatStruct.startsWith("3")) {
    return `SIRET ${rest.replace(/^(\d{3})(\d{3})(\d{3})(\d{5})$/, "$1 $2 $3 $4")}`;
  }
  return `FINESS ${rest}`;
}
