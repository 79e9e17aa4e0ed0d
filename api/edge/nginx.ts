/**
 * nginx (mail, auth_http) in front of Dovecot for software over IMAP: it alone hands over a certificate's subject, issuer and
 * serial. Its answer is a ticket, with which it signs in at Dovecot.
 */
import { createHash, X509Certificate } from "node:crypto";
import type { Attempt } from "./attempt.ts";
import type { Edge } from "./edge.ts";

/** Shown to the client as the text of NO, with its response code (RFC 5530); neither says why. */
const refused = "[AUTHENTICATIONFAILED] Authentication failed.";
const full = "[LIMIT] Too many connections to this box.";
const unavailable = "[UNAVAILABLE] Temporary authentication failure.";

/** The attempt in the headers of auth_http. Anything but EXTERNAL is no attempt of ours. */
export function readNginx(headers: Headers): Attempt {
  const of = (name: string) => headers.get(name) ?? "";
  const isVerified = of("auth-ssl-verify") === "SUCCESS";
  return {
    mechanism: of("auth-method").toLowerCase() === "external" ? "EXTERNAL" : "",
    username: unescape(of("auth-user")),
    secret: "",
    certificate: isVerified
      ? {
        subject: of("auth-ssl-subject"),
        issuer: of("auth-ssl-issuer"),
        serial: of("auth-ssl-serial"),
        sha256: digestOf(unescape(of("auth-ssl-cert"))),
      }
      : undefined,
    service: "imap",
    ip: of("client-ip"),
  };
}

export async function answerNginx(
  edge: Edge,
  attempt: Attempt,
  ticketTo: { readonly host: string; readonly port: number } | null,
): Promise<Headers> {
  const no = (status: string) => new Headers({ "auth-status": status, "auth-wait": "2" });
  try {
    const outcome = ticketTo === null ? { kind: "later" as const } : await edge.signIn(attempt);
    if (outcome.kind === "refused") return no(refused);
    if (outcome.kind === "full") return no(full);
    if (outcome.kind === "later" || ticketTo === null) return no(unavailable);
    const { box, proof } = outcome;
    const ticket = await edge.tickets.give({ box, proof });
    return new Headers({
      "auth-status": "OK",
      "auth-server": ticketTo.host,
      "auth-port": String(ticketTo.port),
      "auth-user": box,
      "auth-pass": ticket,
    });
  } catch (error) {
    edge.deps.log.error("edge.error", { error: error instanceof Error ? error.name : "unknown" });
    return no(unavailable);
  }
}

/** nginx escapes what the client wrote, and the lines of the certificate. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Empty when it was not handed over (`auth_http_pass_client_cert off`), or is none. */
function digestOf(pem: string): string {
  if (pem === "") return "";
  try {
    return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
  } catch {
    return "unreadable";
  }
}
