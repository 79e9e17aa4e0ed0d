/** What the edge asks, as JSON in base64 (Exim: no byte of a client can break it) or as a form (Dovecot). */
import type { CertificateNames } from "../client-access/mod.ts";
import type { Service } from "./standing.ts";

export interface Attempt {
  readonly mechanism: string;
  /** The wanted box. May be empty with a certificate. */
  readonly username: string;
  readonly secret: string;
  readonly certificate: (CertificateNames & { readonly sha256: string }) | undefined;
  readonly service: Service;
  readonly ip: string;
}

export interface SenderQuestion {
  readonly box: string;
  readonly proof: string;
  /** Empty: the null sender. */
  readonly sender: string;
  readonly ip: string;
}

export interface RoomQuestion {
  readonly address: string;
  /** As the client declared it; 0 when it did not. */
  readonly sizeBytes: number;
}

/** The fields of a body; undefined when it is neither. Text of a client that is no UTF-8 is left out. */
export function readFields(
  body: string,
  contentType: string | undefined,
): ReadonlyMap<string, string> | undefined {
  if (contentType?.startsWith("application/x-www-form-urlencoded")) return new Map(new URLSearchParams(body));
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== "string" && typeof value !== "number") continue;
    if (!name.endsWith("_b64")) fields.set(name, String(value));
    else {
      const text = decode(String(value));
      if (text === undefined) return undefined;
      fields.set(name.slice(0, -"_b64".length), text);
    }
  }
  return fields;
}

function decode(value: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.fromBase64(value));
  } catch {
    return undefined;
  }
}

export function toAttempt(fields: ReadonlyMap<string, string>): Attempt | undefined {
  const of = (name: string) => fields.get(name) ?? "";
  const service = of("service");
  if (service !== "imap" && service !== "submission") return undefined;
  const names = { subject: of("cert_subject"), issuer: of("cert_issuer"), serial: of("cert_serial") };
  return {
    mechanism: of("mech").toUpperCase(),
    username: of("username"),
    secret: of("secret"),
    certificate: names.serial === "" ? undefined : { ...names, sha256: of("cert_sha256") },
    service,
    ip: of("ip"),
  };
}

export function toSenderQuestion(fields: ReadonlyMap<string, string>): SenderQuestion {
  const of = (name: string) => fields.get(name) ?? "";
  return { box: of("box"), proof: of("person"), sender: of("sender"), ip: of("ip") };
}

export function toRoomQuestion(fields: ReadonlyMap<string, string>): RoomQuestion {
  const size = Number(fields.get("size") ?? "");
  return {
    address: toAddress(fields.get("address") ?? ""),
    sizeBytes: Number.isSafeInteger(size) && size > 0 ? size : 0,
  };
}

/** An address as it is kept. What cannot be one is never looked for. */
export function toAddress(text: string): string {
  // Its form before its case: beyond ASCII there are capitals of ASCII letters (the Kelvin sign is a K).
  const address = text.replace(/^ | $/g, "");
  return address.length <= 254 && /^[\x21-\x7e]+@[\x21-\x7e]+$/.test(address) ? address.toLowerCase() : "";
}
