/** One-time codes by time (RFC 6238): SHA-1, six digits, thirty seconds, which is what every application knows. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import encodeQr from "qr";

const [algorithm, digits, periodSeconds] = ["SHA1", 6, 30] as const;

/** 160 bits, the length of the hash (RFC 4226 §4). */
export function newSecret(): Buffer {
  return randomBytes(20);
}

/** What an application needs to make codes: to read with its camera, to open, or to type. */
export interface SecretCard {
  readonly secret: string;
  readonly uri: string;
  /** The same as an image. */
  readonly qrSvg: string;
}

export function describeSecret(secret: Uint8Array, issuer: string, login: string): SecretCard {
  const totp = totpOf(secret, issuer, login);
  const uri = totp.toString();
  return { secret: totp.secret.base32, uri, qrSvg: encodeQr(uri, "svg", { ecc: "low", border: 4 }) };
}

/**
 * The time step that this code is of: the present one, or the one before, since a code takes time to be read and typed
 * (RFC 6238 §5.2). Undefined when it is of neither. A step may be used once: whoever asks keeps the last.
 */
export function stepOf(typed: string, secret: Uint8Array, now: Date): number | undefined {
  // Applications show them in two groups of three.
  const code = typed.replace(/\s/g, "");
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = totpOf(secret).validate({ token: code, timestamp: now.getTime(), window: 1 });
  if (delta === null || delta > 0) return undefined;
  return Math.floor(now.getTime() / 1_000 / periodSeconds) + delta;
}

function totpOf(secret: Uint8Array, issuer = "", label = ""): TOTP {
  const bytes = new Uint8Array(secret);
  return new TOTP({
    issuer,
    label,
    algorithm,
    digits,
    period: periodSeconds,
    secret: new Secret({ buffer: bytes.buffer }),
  });
}
