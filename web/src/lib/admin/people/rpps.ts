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

function hasRightKey(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const weighted = Number(digit) * (place % 2 === 1 ? 2 : 1);
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return sum % 10 === 0;
}
