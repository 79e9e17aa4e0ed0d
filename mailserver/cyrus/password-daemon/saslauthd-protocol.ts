/** The wire protocol of Cyrus SASL's saslauthd: four counted strings in, one counted string out. */

/** What Cyrus asks; an address arrives split at its `@`. */
export interface PasswordQuestion {
  readonly login: string;
  readonly password: string;
  /** `imap`, `lmtp`, `HTTP` … */
  readonly service: string;
  readonly realm: string;
}

/** Longest question taken: anything longer is no password. */
export const longestQuestion = 16_384;

const fieldCount = 4;

/** The question once all of its bytes are there, else undefined. */
export function parseQuestion(bytes: Uint8Array): PasswordQuestion | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: string[] = [];
  let offset = 0;
  while (fields.length < fieldCount) {
    if (bytes.length < offset + 2) return undefined;
    const length = view.getUint16(offset);
    offset += 2;
    if (bytes.length < offset + length) return undefined;
    fields.push(new TextDecoder().decode(bytes.subarray(offset, offset + length)));
    offset += length;
  }
  const [login = "", password = "", service = "", realm = ""] = fields;
  return { login, password, service, realm };
}

/** The bytes of the answer. */
export function formatAnswer(isRight: boolean): Uint8Array {
  const text = new TextEncoder().encode(isRight ? "OK" : "NO");
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, text.length);
  bytes.set(text, 2);
  return bytes;
}
