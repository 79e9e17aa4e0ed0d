/**
 * Address lists of RFC 5322 §3.4, strictly: groups, comments, quoted strings and folding are understood, anything else
 * is no address list. Encoded words stay what they are: text of a display name, never an address (RFC 2047 §5).
 */

class NotAnAddressList extends Error {}

const atext = /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]/u;

class Reader {
  #at = 0;
  readonly #characters: readonly string[];
  constructor(text: string) {
    this.#characters = [...text];
  }

  peek(): string | undefined {
    return this.#characters[this.#at];
  }

  take(character: string): boolean {
    this.skip();
    if (this.peek() !== character) return false;
    this.#at++;
    return true;
  }

  mark(): number {
    return this.#at;
  }

  back(mark: number): void {
    this.#at = mark;
  }

  #next(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new NotAnAddressList();
    return character;
  }

  /** Blanks and (nested) comments. */
  skip(): void {
    for (;;) {
      const character = this.peek();
      if (character === " " || character === "\t") this.#at++;
      else if (character === "(") {
        let depth = 0;
        do {
          const inside = this.#next();
          if (inside === "\\") this.#next();
          else if (inside === "(") depth++;
          else if (inside === ")") depth--;
        } while (depth > 0);
      } else return;
    }
  }

  quoted(): string | undefined {
    this.skip();
    if (this.peek() !== '"') return undefined;
    this.#at++;
    let text = "";
    for (;;) {
      const character = this.#next();
      if (character === '"') return text;
      text += character === "\\" ? this.#next() : character;
    }
  }

  /** Atoms, with dots between them when `dots`. */
  atom(dots: boolean): string | undefined {
    this.skip();
    let text = "";
    for (;;) {
      const character = this.peek();
      if (character === undefined || !(atext.test(character) || (dots && character === "."))) break;
      text += character;
      this.#at++;
    }
    return text === "" ? undefined : text;
  }

  atEnd(): boolean {
    this.skip();
    return this.peek() === undefined;
  }
}

function dotAtom(text: string | undefined): string {
  if (text === undefined || text.startsWith(".") || text.endsWith(".") || text.includes("..")) {
    throw new NotAnAddressList();
  }
  return text;
}

/** `local@domain`, lower case: boxes of the platform do not tell case apart. */
function addrSpec(reader: Reader): string {
  const quoted = reader.quoted();
  const local = quoted === undefined ? dotAtom(reader.atom(true)) : quoted;
  if (!reader.take("@")) throw new NotAnAddressList();
  const domain = dotAtom(reader.atom(true));
  const shown = /^[^\s"(),:;<>@[\\\]]+$/.test(local) ? local : JSON.stringify(local);
  return `${shown}@${domain}`.toLowerCase();
}

function angleAddress(reader: Reader): string | undefined {
  if (!reader.take("<")) return undefined;
  const address = addrSpec(reader);
  if (!reader.take(">")) throw new NotAnAddressList();
  return address;
}

/** Reads the words of a display name; true when there was at least one. Dots are let be (obs-phrase). */
function phrase(reader: Reader): boolean {
  let words = 0;
  while ((reader.quoted() ?? reader.atom(true)) !== undefined) words++;
  return words > 0;
}

function mailboxOrGroup(reader: Reader, addresses: string[], insideGroup: boolean): void {
  const bare = angleAddress(reader);
  if (bare !== undefined) {
    addresses.push(bare);
    return;
  }
  const start = reader.mark();
  if (!phrase(reader)) throw new NotAnAddressList();
  const named = angleAddress(reader);
  if (named !== undefined) {
    addresses.push(named);
    return;
  }
  if (!insideGroup && reader.take(":")) {
    while (!reader.take(";")) {
      if (reader.take(",")) continue;
      mailboxOrGroup(reader, addresses, true);
    }
    return;
  }
  reader.back(start);
  addresses.push(addrSpec(reader));
}

/** Every address of a list, in order, lower case; undefined when the text is not an address list. */
export function parseAddresses(text: string): string[] | undefined {
  const reader = new Reader(text.replace(/\r?\n/g, ""));
  const addresses: string[] = [];
  try {
    while (!reader.atEnd()) {
      if (reader.take(",")) continue;
      mailboxOrGroup(reader, addresses, false);
      if (!reader.atEnd() && !reader.take(",")) throw new NotAnAddressList();
    }
  } catch (error) {
    if (error instanceof NotAnAddressList) return undefined;
    throw error;
  }
  return addresses;
}
