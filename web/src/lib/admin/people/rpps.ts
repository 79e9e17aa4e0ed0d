/** The RPPS number: eleven digits of which the last is a check digit (Luhn), and idNat_PS, which is 8 + RPPS. */

/** The digits of what was typed: spaces and dots aside, and with or without the leading 8 of idNat_PS. */
export function parseRpps(typed: string): string | undefined {
  const digits = typed.replace(/[\s.\u00a0\u202f-]/g, "");
  const rpps = /^8\d{11}$/.test(digits) ? digits.slice(1) : digits;
  return /^\d{11}$/.test(rpps) && hasRightKey(rpps) ? rpps : undefined;
}

export function toIdNatPs(rpps: string): string {
  return `8${rpps}`;
}

/**
 * idNat_PS of what was typed: an RPPS, or the identifier by which Pro Santé Connect knows somebody who has none (a secretary,
 * an administrator). What looks like an RPPS with a slip is neither.
 */
export function parseIdNatPs(typed: string): string | undefined {
  const rpps = parseRpps(typed);
  if (rpps !== undefined) return toIdNatPs(rpps);
  const text = typed.trim();
  const digits = text.replace(/\D/g, "").length;
  const isLikeRpps = text.length <= 13 && digits >= 9;
  return !isLikeRpps && /[A-Za-z]/.test(text) && /^[0-9A-Za-z][0-9A-Za-z/._-]{3,63}$/.test(text)
    ? text
    : undefined;
}

function hasRightKey(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const weighted = Number(digit) * (place % 2 === 1 ? 2 : 1);
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return sum % 10 === 0;
}
