/**
 * The header section of a raw message, read by ourselves (RFC 5322 §2.2): neither mail server checks who a message
 * says it is from, and their parsed properties show one `From` where a message may hold two. What cannot be read
 * without doubt is refused, since the recipient's program may read it differently.
 */

export interface HeaderField {
  /** Lower case, without the blanks that obsolete syntax allows before the colon. */
  readonly name: string;
  /** Unfolded. */
  readonly value: string;
}

/** Why a header section cannot be sent as it is. */
export type HeaderFault = "incomplete" | "not-a-header" | "bare-control";

const fieldLine = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:(.*)$/s;

/**
 * Splits the header section off the first bytes of a message.
 *
 * @param start the message's first bytes; `incomplete` when the section does not end within them
 * @param isWhole whether `start` is the whole message (one without a body has no empty line)
 */
export function readHeader(start: Uint8Array, isWhole: boolean): readonly HeaderField[] | HeaderFault {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(start);
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null && !isWhole) return "incomplete";
  const section = end === null ? text : text.slice(0, end.index);
  // A CR or NUL of its own ends a line for some readers and not for others.
  if (/\0|\r(?!\n)/.test(section)) return "bare-control";
  const fields: { name: string; value: string }[] = [];
  for (const line of section.split(/\r?\n/)) {
    if (line === "" && end === null) continue;
    const last = fields[fields.length - 1];
    if (/^[ \t]/.test(line)) {
      if (last === undefined) return "not-a-header";
      last.value += line;
      continue;
    }
    const field = fieldLine.exec(line);
    if (field === null) return "not-a-header";
    fields.push({ name: field[1]!.toLowerCase(), value: field[2]! });
  }
  return fields;
}

/** The values of every field of that name, in order. */
export function valuesOf(fields: readonly HeaderField[], name: string): string[] {
  return fields.filter((field) => field.name === name).map((field) => field.value);
}

/** The Message-ID without angle brackets; undefined when there is none, or more than one, or it is no id. */
export function messageIdOf(fields: readonly HeaderField[]): string | undefined {
  const [value, ...others] = valuesOf(fields, "message-id");
  if (value === undefined || others.length > 0) return undefined;
  return /^\s*<([^<>\s]{1,996})>\s*$/.exec(value)?.[1];
}
