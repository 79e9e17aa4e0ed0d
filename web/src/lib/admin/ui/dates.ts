/** Dates of the console: the day, or the day and the hour, as they are read in the reader's language. */
import { getLocale } from "#lib/i18n/locale.ts";

let day: Intl.DateTimeFormat | undefined;
let moment: Intl.DateTimeFormat | undefined;

/** « 21 nov. 2026 »; a dash when there is none. */
export function dayOf(iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return "–";
  day ??= new Intl.DateTimeFormat(getLocale(), { dateStyle: "medium" });
  return day.format(new Date(iso));
}

/** « 21 nov. 2026, 14:05 »; a dash when there is none. */
export function momentOf(iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return "–";
  moment ??= new Intl.DateTimeFormat(getLocale(), { dateStyle: "medium", timeStyle: "short" });
  return moment.format(new Date(iso));
}
