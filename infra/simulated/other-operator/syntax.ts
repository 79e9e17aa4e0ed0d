/** What this operator demands of an envelope and a message beyond what its SMTP library does. Pure. */

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const mailbox = new RegExp(
  `^${atom}(\\.${atom})*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{2,}$`,
);

/** RFC 5321 section 4.1.2 without quoted local parts and address literals, sizes of 4.5.3.1; ASCII, no SMTPUTF8. */
export function isMailbox(address: string): boolean {
  const at = address.lastIndexOf("@");
  return mailbox.test(address) && at <= 64 && address.length - at - 1 <= 255 && address.length <= 254;
}

const longestLine = 998;

/** Why a message cannot be taken (RFC 5321 section 2.3.8, RFC 5322 sections 2.1.1 and 3.6), or undefined. */
export function messageFault(raw: Uint8Array): string | undefined {
  let lineStart = 0;
  for (let index = 0; index < raw.length; index++) {
    const byte = raw[index];
    if (byte === 0) return "5.6.0 NUL in the message";
    if (byte === 0x0d && raw[index + 1] !== 0x0a) return "5.6.0 bare CR";
    if (byte !== 0x0a) continue;
    if (raw[index - 1] !== 0x0d) return "5.6.0 bare LF";
    if (index - 1 - lineStart > longestLine) return "5.6.0 a line is longer than 998 bytes";
    lineStart = index + 1;
  }
  const header = headerOf(raw);
  if (/[\u0080-\u00ff]/.test(header)) return "5.6.7 eight-bit header";
  for (const name of ["From", "Date"]) {
    const count = fields(header, name).length;
    if (count !== 1) return `5.6.0 ${count === 0 ? "no" : "more than one"} ${name} field`;
  }
  if (fields(header, "Bcc").length > 0) return "5.6.0 a Bcc field has left its sender";
  return undefined;
}

/** The Message-ID without its brackets, or "". */
export function messageIdOf(raw: Uint8Array): string {
  return (fields(headerOf(raw), "Message-ID")[0] ?? "").trim().replace(/^<|>$/g, "");
}

function headerOf(raw: Uint8Array): string {
  // Latin-1 keeps each byte one character, so that what is not ASCII stays visible as such.
  const text = new TextDecoder("latin1").decode(raw.subarray(0, 1_000_000));
  const end = text.indexOf("\r\n\r\n");
  return (end < 0 ? text : text.slice(0, end)).replace(/\r\n[ \t]+/g, " ");
}

function fields(header: string, name: string): string[] {
  const prefix = `${name.toLowerCase()}:`;
  return header.split("\r\n").filter((line) => line.toLowerCase().startsWith(prefix)).map((line) =>
    line.slice(prefix.length)
  );
}
