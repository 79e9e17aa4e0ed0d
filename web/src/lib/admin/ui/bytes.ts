/** Sizes of boxes and quotas, in the binary units that the mail server counts in. */
import { m } from "#lib/i18n/generated/messages.js";
import { getLocale } from "#lib/i18n/locale.ts";

export const mebibyte = 1024 * 1024;
export const gibibyte = 1024 * mebibyte;

/** « 12,5 Go »; a dash when it is not known. */
export function sizeOf(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const number = (value: number) =>
    new Intl.NumberFormat(getLocale(), { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  if (bytes >= 1024 * gibibyte) return m.admin_size_terabytes({ size: number(bytes / 1024 / gibibyte) });
  if (bytes >= gibibyte) return m.admin_size_gigabytes({ size: number(bytes / gibibyte) });
  return m.size_megabytes({ size: number(bytes / mebibyte) });
}

export function numberOf(value: number): string {
  return new Intl.NumberFormat(getLocale()).format(value);
}

/** What was typed as a whole number of units; undefined when it is none, null when nothing was typed. */
export function parseCount(typed: string): number | null | undefined {
  const text = typed.replace(/[\s\u00a0\u202f]/g, "");
  if (text === "") return null;
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
