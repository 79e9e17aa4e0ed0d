/**
 * The Stalwart driver: JMAP management calls as the provisioner, impersonation as the gateway.
 *
 * The gateway's role holds `authenticate` and `impersonate` and nothing else: `box%gateway` is the box, its own session
 * is nobody's. SASL's authzid is never used: the server ignores it without a word and lets the service in as itself.
 */
import { stalwartDifferences } from "../differences.ts";
import type { MailServer, StalwartConfig } from "../port.ts";
import { applyMailbox, readMailbox, renameMailbox } from "./accounts.ts";
import { splitAddress } from "./address.ts";
import { applyDomain, removeDomain } from "./domains.ts";
import { basicAuthorization, callJmap, callOnce, type JmapEndpoint, setError } from "./management.ts";
import { findSubmission } from "./submissions.ts";

export {
  acceptSubmission,
  alreadyAccepted,
  deferForRoom,
  deferSubmission,
  type HookAnswer,
  InvalidHook,
  meaningOfRefusal,
  readRecipientHook,
  readSubmissionHook,
  refuseSubmission,
  type SubmissionHook,
} from "./hook.ts";

const timeoutMilliseconds = 15_000;
/** Boxes whose credential is kept ready; it depends on nothing but the address. */
const maximumKnown = 20_000;

/** The driver. Opens no connection. */
export function createStalwart(config: StalwartConfig): MailServer {
  const { jmapUrl } = config;
  const asProvisioner: JmapEndpoint = {
    url: jmapUrl,
    authorization: basicAuthorization(config.provisionerLogin, config.provisionerSecret),
    timeoutMilliseconds,
  };
  const known = new Map<string, string>();
  const authorizationOf = (address: string): string => {
    const found = known.get(address);
    if (found !== undefined) return found;
    const { localPart, domain } = splitAddress(address);
    const made = basicAuthorization(`${localPart}@${domain}%${config.gatewayLogin}`, config.gatewaySecret);
    known.set(address, made);
    // A Map keeps the order of insertion: the first is the oldest.
    if (known.size > maximumKnown) known.delete(known.keys().next().value!);
    return made;
  };
  const asBox = (address: string): JmapEndpoint => ({
    url: jmapUrl,
    authorization: authorizationOf(address),
    timeoutMilliseconds,
  });

  return {
    kind: "stalwart",
    jmapUrl,
    sessionUrl: new URL("session", jmapUrl).href,
    differences: stalwartDifferences,

    authorization: (address) => Promise.resolve().then(() => authorizationOf(address)),

    probe: async (signal) => {
      // Answered from the database, unlike the health page and the session, which are 200 without it.
      return await callJmap(asProvisioner, [["x:Domain/query", { limit: 1 }]], signal)
        .then(() => "ready" as const, () => "unavailable" as const);
    },

    applyDomain: (name) => applyDomain(asProvisioner, name),
    removeDomain: (name) => removeDomain(asProvisioner, name),
    applyMailbox: (desired) => applyMailbox(asProvisioner, desired),
    renameMailbox: (from, to) => renameMailbox(asProvisioner, from, to),
    readMailbox: (address) => readMailbox(asProvisioner, address),

    kickSessions: async () => {
      // Forgets every cached credential, so that the next request of any session is judged anew. The server has
      // no call that closes an open IMAP session or event stream: the edge and the gateway close theirs.
      const response = await callOnce(asProvisioner, "x:Action/set", {
        create: { r: { "@type": "InvalidateCaches" } },
      });
      const refused = setError(response, "r");
      if (refused !== undefined) throw refused;
    },

    findSubmission: (from, messageId, since, recipients = []) =>
      findSubmission(asProvisioner, asBox, { from, messageId, since, recipients }),
  };
}
