/** Dates, sizes and names as a French or English reader expects them. */
import { getLocale } from "./locale.ts";
import { m } from "./generated/messages.js";

const cache = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, date: Date): string {
  const key = getLocale() + JSON.stringify(options);
  let made = cache.get(key);
  if (made === undefined) cache.set(key, made = new Intl.DateTimeFormat(getLocale(), options));
  return made.format(date);
}

/** For a list: time today, day and month this year, else the full date. */
export function shortDate(iso: string, now: Date): string {
  const date = new Date(iso);
  if (date.toDateString() === now.toDateString()) return format({ hour: "2-digit", minute: "2-digit" }, date);
  if (date.getFullYear() === now.getFullYear()) return format({ day: "numeric", month: "short" }, date);
  return format({ day: "2-digit", month: "2-digit", year: "numeric" }, date);
}

export function longDate(iso: string): string {
  return format(
    { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" },
    new Date(iso),
  );
}

/** Binary units, as the limit of 25 Mo is counted in them. */
export function fileSize(bytes: number): string {
  const number = (value: number, digits: number) =>
    new Intl.NumberFormat(getLocale(), { maximumFractionDigits: digits }).format(value);
  if (bytes < 1024) return m.size_bytes({ size: number(bytes, 0) });
  if (bytes < 1024 * 1024) return m.size_kilobytes({ size: number(bytes / 1024, 0) });
  return m.size_megabytes({ size: number(bytes / 1024 / 1024, 1) });
}

export function count(value: number): string {
  return new Intl.NumberFormat(getLocale()).format(value);
}

/** The name of a correspondent, or the address when there is none. */
export function personName(address: { name: string | null; email: string } | undefined): string {
  if (address === undefined) return m.sender_unknown();
  const name = address.name?.trim() ?? "";
  return name === "" ? address.email : name;
}
