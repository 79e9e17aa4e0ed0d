/// <reference lib="dom" />
/**
 * The reader's language: French unless another was chosen on this machine. The compiled messages ask here
 * (web/vite.config.ts puts this in the place of Paraglide's runtime, which serves strategies that this app has not).
 */
export const locales = ["fr", "en"] as const;
export type Locale = (typeof locales)[number];

const key = "mss.locale";
let current: Locale | undefined;

export function getLocale(): Locale {
  current ??= globalThis.localStorage?.getItem(key) === "en" ? "en" : "fr";
  return current;
}

/** Remembers the choice and shows the page again in it. */
export function chooseLocale(locale: Locale): void {
  localStorage.setItem(key, locale);
  location.reload();
}

type Say<Inputs> = (inputs: Inputs) => string;

/** A message: in the reader's language, or in the one asked for. */
export const sentence =
  <Inputs>(french: Say<Inputs>, english: Say<Inputs>) =>
  (inputs: Inputs, options: { locale?: Locale } = {}) =>
    ((options.locale ?? getLocale()) === "fr" ? french : english)(inputs);
