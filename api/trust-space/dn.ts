/**
 * Distinguished names, compared as the white list needs it.
 *
 * The list writes `CN=…,OU=…,O=…,ST=…,C=FR`; a certificate carries the same attributes in the reverse order; both may
 * differ in quotes, spaces and accents' composition. The comparable form is the sorted list of `TYPE=value` lines. It
 * is the same text that the SQL function `mss_dn_norm` of the border gives, so that importer and border agree.
 * A text that cannot be read has no form: it never equals anything. Nothing is relaxed silently.
 */

const typePattern = /^\s*(?:oid\.)?([a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=/i;
const anotherAttribute = /^\s*(?:[a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=/i;
const closing = /^\s*(?:,|$)/;
/** Every space that was seen or may be typed, the no-break ones and the zero-width one included. */
const spaces = /[\s\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]+/gu;
const sameType = new Map([["S", "ST"], ["E", "EMAIL"], ["EMAILADDRESS", "EMAIL"]]);
/** The list's own form limits a DN to 255 characters; the longest seen has 130. */
const maximumLength = 2000;

/** One attribute of a name, type in upper case, value in its comparable form. */
export interface DnAttribute {
  readonly type: string;
  readonly value: string;
}

/**
 * Reads a DN in the manner of RFC 4514, and tolerates what 6 494 real entries hold beyond it: a space after the comma,
 * quotes around a value, raw quotes inside one (`O=CRLCC "PAUL STRAUSS"`), doubled and no-break spaces.
 *
 * @returns the attributes in the order written, or undefined when the text is not a DN
 */
export function parseDn(text: string): DnAttribute[] | undefined {
  if (text.trim() === "" || text.length > maximumLength) return undefined;
  const attributes: DnAttribute[] = [];
  let at = 0;
  while (true) {
    const head = typePattern.exec(text.slice(at));
    if (head?.[1] === undefined) return undefined;
    const read = readValue(text, at + head[0].length);
    if (read === undefined) return undefined;
    const value = comparableValue(read.value);
    if (value === "") return undefined;
    const type = head[1].toUpperCase();
    attributes.push({ type: sameType.get(type) ?? type, value });
    if (read.next >= text.length) return attributes;
    at = read.next + 1; // past the separator
  }
}

/** The comparable form: sorted `TYPE=value` lines. A repeated attribute stays repeated. Undefined: not a DN. */
export function normaliseDn(text: string): string | undefined {
  const attributes = parseDn(text);
  return attributes === undefined ? undefined : comparableForm(attributes);
}

/** The comparable form of attributes that were already read, for example from a certificate. */
export function comparableForm(attributes: readonly DnAttribute[]): string {
  return attributes.map(({ type, value }) => `${type}=${value}`).sort(byCodePoint).join("\n");
}

/** NFC, every run of spaces one space, lower case by Unicode's rules whatever the machine's language. */
export function comparableValue(value: string): string {
  return value.normalize("NFC").replace(spaces, " ").trim().toLowerCase().normalize("NFC");
}

/** The order of PostgreSQL's collation "C": by code point. JavaScript's own is by UTF-16 unit. */
function byCodePoint(one: string, other: string): number {
  const left = Array.from(one);
  const right = Array.from(other);
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Reads a value from `start`; `next` is the separator's position, or the length of the text. */
function readValue(text: string, start: number): { value: string; next: number } | undefined {
  let at = start;
  while (text[at] === " ") at += 1;
  const isQuoted = text[at] === '"';
  if (isQuoted) at += 1;
  let value = "";
  while (at < text.length) {
    const character = text[at] ?? "";
    if (character === "\\") {
      const escaped = readEscape(text, at);
      if (escaped === undefined) return undefined;
      value += escaped.value;
      at = escaped.next;
    } else if (isQuoted && character === '"' && closing.test(text.slice(at + 1))) {
      at += 1;
      while (text[at] === " ") at += 1;
      return { value, next: at };
    } else if (!isQuoted && endsValue(text, at)) return { value, next: at };
    else {
      value += character;
      at += 1;
    }
  }
  return isQuoted ? undefined : { value, next: at };
}

/** A comma separates; a plus does so only before another attribute, since real values hold « A + B ». */
function endsValue(text: string, at: number): boolean {
  return text[at] === "," || (text[at] === "+" && anotherAttribute.test(text.slice(at + 1)));
}

/** RFC 4514 §2.4: a backslash before a character, or before the two hexadecimal digits of each byte in UTF-8. */
function readEscape(text: string, at: number): { value: string; next: number } | undefined {
  const run = /^(?:\\[0-9A-Fa-f]{2})+/.exec(text.slice(at))?.[0];
  if (run === undefined) {
    const character = text.codePointAt(at + 1);
    if (character === undefined) return undefined;
    const value = String.fromCodePoint(character);
    return { value, next: at + 1 + value.length };
  }
  const bytes = Uint8Array.from(run.split("\\").slice(1), (pair) => Number.parseInt(pair, 16));
  try {
    return {
      value: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      next: at + run.length,
    };
  } catch {
    return undefined; // not UTF-8: not a DN
  }
}
