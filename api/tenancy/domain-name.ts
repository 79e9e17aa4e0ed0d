/** Names of mail domains: lower-case A-labels, the form that is compared with the white list (facts of ANS, RFC 1035, RFC 5891). */
import { foreignCharacter } from "./foreign-character.ts";

export type DomainName =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly reason: string };

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
  if (/^[0-9]+$/.test(labels.at(-1) ?? "")) return { ok: false, reason: "is an IP address, not a domain" };
  return { ok: true, name };
}
