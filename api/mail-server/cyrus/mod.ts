/**
 * The driver of the stand-in: Cyrus for the store and JMAP, Exim for all that is sent and received (mailserver/cyrus,
 * mailserver/mta). Cyrus reads no directory: passwords, recipients and senders are checked against the SQL views by the
 * password daemon and by Exim; a suspended box is refused there and by the gateway, never by Cyrus itself.
 */
import { cyrusDifferences } from "../differences.ts";
import type { CyrusConfig, MailServer } from "../port.ts";
import { applyMailbox, readMailbox, refuseDomainInUse, renameMailbox } from "./mailboxes.ts";
import { logKeyOf, nameInLog } from "./log-name.ts";
import { findSubmission } from "./submission-trace.ts";
import { tokenSigner } from "./token.ts";

/** A name that is nobody's box: Cyrus has to look into its list of mailboxes to say so. */
const probeBox = "probe@probe.invalid";

export function createCyrus(config: CyrusConfig): MailServer {
  const authorization = tokenSigner(config.jwtKey);
  const logKey = logKeyOf(config.jwtKey);
  return {
    kind: "cyrus",
    jmapUrl: config.jmapUrl,
    // The API endpoint answers GET with the session.
    sessionUrl: config.jmapUrl,
    authorization,
    probe: async (signal) => {
      try {
        return await answersJmap(config.jmapUrl, await authorization(probeBox), signal)
          ? "ready"
          : "unavailable";
      } catch {
        return "unavailable";
      }
    },
    applyDomain: () => Promise.resolve(), // The SQL views say which domains are hosted.
    removeDomain: (name) => refuseDomainInUse(config, name),
    applyMailbox: (desired) => applyMailbox(config, desired),
    renameMailbox: (from, to) => renameMailbox(config, from, to),
    readMailbox: (address) => readMailbox(config, address),
    // The launcher's watch ends the IMAP sessions of boxes that left the views within two seconds (session-watch.ts).
    kickSessions: () => Promise.resolve(),
    findSubmission: (from, messageId, since) =>
      findSubmission(config.mtaLogFile, nameInLog(logKey, from), messageId, since),
    differences: cyrusDifferences,
  };
}

async function answersJmap(jmapUrl: string, authorization: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(jmapUrl, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({
      using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
      methodCalls: [["Mailbox/get", { accountId: probeBox, ids: [] }, "0"]],
    }),
    signal,
  });
  const body = await response.json() as { methodResponses?: [string, { type?: string }, string][] };
  const [name, answer] = body.methodResponses?.[0] ?? [];
  return response.ok && (name === "Mailbox/get" || answer?.type === "accountNotFound");
}
