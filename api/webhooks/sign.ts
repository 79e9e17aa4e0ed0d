/** Signatures of Standard Webhooks 1.0 (symmetric): HMAC-SHA256 over `id.timestamp.body`. */
import { createHmac, randomBytes } from "node:crypto";
import { Buffer } from "node:buffer";

const prefix = "whsec_";

/** A new secret, 256 bits. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString("base64");
}

/**
 * The three headers of a call, signed with each of the secrets: a receiver that knows one of them finds its signature. The
 * id is the same at every attempt, so that a receiver knows a repetition.
 */
export function signedHeaders(
  secrets: readonly string[],
  call: { readonly id: string; readonly at: Date; readonly body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(call.at.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${call.id}.${timestamp}.${call.body}`).digest("base64")}`;
  });
  return { "webhook-id": call.id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
