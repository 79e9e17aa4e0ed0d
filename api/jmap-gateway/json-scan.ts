/**
 * One pass over a JSON text before it is parsed: depth, duplicate members, lone surrogates.
 *
 * JSON.parse keeps the last of two equal members, another parser the first: a request that says `accountId` twice
 * would be checked here as one thing and done upstream as another. I-JSON (RFC 7493 §2.3) forbids it, and JMAP asks
 * for I-JSON (RFC 8620 §1.5), so it is refused before anything is decided. Depth is bounded before JSON.parse so that
 * no recursion, here or upstream, meets a text that is nested without end.
 */

export type JsonFault = "too-deep" | "duplicate-member" | "lone-surrogate" | "not-json";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Four hexadecimal digits at `at`, or -1. */
function hexAt(text: string, at: number): number {
  const digits = text.slice(at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** The end of a string that holds a backslash (index of its closing quote), or the fault found in it. */
function endOfEscapedString(text: string, start: number): number | JsonFault {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code !== BACKSLASH) continue;
    i++;
    if (text.charCodeAt(i) !== 0x75 /* u */) continue;
    const unit = hexAt(text, i + 1);
    if (unit < 0) return "not-json";
    i += 4;
    if (unit >= 0xdc00 && unit <= 0xdfff) return "lone-surrogate";
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const low = text.startsWith("\\u", i + 1) ? hexAt(text, i + 3) : -1;
      if (low < 0xdc00 || low > 0xdfff) return "lone-surrogate";
      i += 6;
    }
  }
  return "not-json";
}

function indexOrEnd(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}

/**
 * Looks for what JSON.parse would let through. `undefined` when nothing was found; the text may still not be JSON,
 * JSON.parse says so afterwards.
 *
 * @param maxDepth how many objects and arrays may be open at once
 */
export function findJsonFault(text: string, maxDepth: number): JsonFault | undefined {
  // One entry per open object or array: the members met so far, or undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let expectsMember = false;
  // The next one, so that most strings, which hold none, are passed over without a look at each character.
  let backslash = indexOrEnd(text, "\\", 0);
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        if (backslash < i) backslash = indexOrEnd(text, "\\", i);
        let end: number | JsonFault = indexOrEnd(text, '"', i + 1);
        const isEscaped = backslash < end;
        if (isEscaped) end = endOfEscapedString(text, i);
        if (typeof end === "string") return end;
        if (end === text.length) return "not-json";
        const members = open[open.length - 1];
        if (members !== undefined && expectsMember) {
          let member: string;
          try {
            member = isEscaped ? JSON.parse(text.slice(i, end + 1)) as string : text.slice(i + 1, end);
          } catch {
            return "not-json";
          }
          if (members.has(member)) return "duplicate-member";
          members.add(member);
        }
        i = end;
        break;
      }
      case OPEN_OBJECT:
        if (open.push(new Set()) > maxDepth) return "too-deep";
        expectsMember = true;
        break;
      case OPEN_ARRAY:
        if (open.push(undefined) > maxDepth) return "too-deep";
        expectsMember = false;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        if (open.length === 0) return "not-json";
        open.pop();
        expectsMember = false;
        break;
      case COLON:
        expectsMember = false;
        break;
      case COMMA:
        expectsMember = open[open.length - 1] !== undefined;
        break;
    }
  }
  return open.length === 0 ? undefined : "not-json";
}
