/** Names of mail domains: lower-case A-labels, the form that is compared with the white list (facts of ANS, RFC 1035, RFC 5891). */
import { domainToASCII, domainToUnicode } from "node:url";
import { foreignCharacter } from "./foreign-character.ts";

export type DomainName =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

/**
 * What an internationalised label may show: ASCII and the letters of Latin-1 and French (à, é, œ, ü …). No other alphabet,
 * nor Latin letters made for phonetics or other tongues (ɑ, ı, ƅ): a correspondent would read `аlpha` as `alpha`.
 */
const readableLabel = /^[a-z0-9ß-öø-ÿœ-]+$/;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads a domain name. Upper-case letters are taken as lower case; a letter of another alphabet is refused by its name. */
export function parseDomainName(text: string): DomainName {
  const foreign = foreignCharacter(text);
  if (foreign !== undefined) {
    return { ok: false, reason: `${foreign}: write an internationalised domain in its ASCII form (xn--…)` };
  }
  const name = text.toLowerCase();
  if (name.length > 253) return { ok: false, reason: "is longer than 253 characters" };
  const labels = name.split(".");
  if (labels.length < 2) return { ok: false, reason: "has no dot" };
  const wrong = labels.find((one) => !label.test(one));
  if (wrong === "") return { ok: false, reason: "has an empty part between two dots" };
  if (wrong !== undefined) {
    return { ok: false, reason: "has a part that is not 1 to 63 letters, digits or inner hyphens" };
  }
  for (const one of labels) {
    const reason = hiddenLookAlike(one);
    if (reason !== undefined) return { ok: false, reason };
  }
  if (/^[0-9]+$/.test(labels.at(-1) ?? "")) return { ok: false, reason: "is an IP address, not a domain" };
  return { ok: true, name };
}

/** Why a label in ASCII form would be shown as something else than it looks; undefined when it would not. */
function hiddenLookAlike(one: string): string | undefined {
  if (one.slice(2, 4) !== "--") return undefined;
  const shown = one.startsWith("xn--") ? domainToUnicode(one) : "";
  // What does not come back as it was is no name that IDNA knows (RFC 5891 §4.2.1 also reserves `??--`).
  if (shown === "" || shown === one || domainToASCII(shown) !== one) {
    return "has a part with -- in third place that is not the ASCII form of a name";
  }
  if (readableLabel.test(shown)) return undefined;
  const foreign = [...shown].find((character) => !readableLabel.test(character)) ?? "";
  return `has a part that ${foreignCharacter(foreign) ?? "holds a look-alike"}`;
}
