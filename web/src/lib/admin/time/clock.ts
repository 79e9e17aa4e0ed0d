/** The time of day and how long ago something was; days and moments: ui/dates.ts. */
import { getLocale } from "#lib/i18n/locale.ts";

/** « 14:05:09 » */
export function clockTime(iso: string): string {
  return new Intl.DateTimeFormat(getLocale(), { timeStyle: "medium" }).format(new Date(iso));
}

const units = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]] as const;

/** « il y a 3 jours »; « maintenant » within the minute. */
export function agoText(iso: string, now: Date): string {
  const gone = new Date(iso).getTime() - now.getTime();
  const format = new Intl.RelativeTimeFormat(getLocale(), { numeric: "auto" });
  for (const [unit, milliseconds] of units) {
    if (Math.abs(gone) >= milliseconds) return format.format(Math.trunc(gone / milliseconds), unit);
  }
  return format.format(0, "second");
}
