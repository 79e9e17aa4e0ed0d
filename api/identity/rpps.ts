/** RPPS numbers: 11 digits, the last being the Luhn key of the ten before it. */

/** Whether the digits pass the Luhn check (ISO/IEC 7812-1 annex B). Anything but digits does not. */
export function isLuhnValid(digits: string): boolean {
  if (!/^\d+$/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const weighted = place % 2 === 1 ? digit * 2 : digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

/**
 * The RPPS inside an idNat_PS (`8` + 11 digits), or null for every other identity: ADELI (`0…`), the register EDIT
 * (`ANS…`), a card of a structure (`5…/…`). The Luhn key is not looked at: see {@link hasForgedRpps}.
 */
export function rppsOf(idNatPs: string | null): string | null {
  return idNatPs !== null && /^8\d{11}$/.test(idNatPs) ? idNatPs.slice(1) : null;
}

/** Whether this idNat_PS has the form of an RPPS and a wrong key. Never so for an identity without RPPS. */
export function hasForgedRpps(idNatPs: string | null): boolean {
  const rpps = rppsOf(idNatPs);
  return rpps !== null && !isLuhnValid(rpps);
}
