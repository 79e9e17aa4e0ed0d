/** The session resource (RFC 8620 §2): limits, accounts and URL templates. */
import type { CoreLimits, GatewayAccount, GatewayLimits, Id, Session } from "./types.ts";

const core = "urn:ietf:params:jmap:core";
const gateway = "urn:mssante:params:jmap:gateway";

/** Floor values of RFC 8620 §2, for a server that does not say. */
const leastLimits: CoreLimits = {
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 4,
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 4,
  maxCallsInRequest: 16,
  maxObjectsInGet: 500,
  maxObjectsInSet: 500,
};

export function coreLimits(session: Session): CoreLimits {
  return { ...leastLimits, ...(session.capabilities[core] as Partial<CoreLimits> | undefined) };
}

/** All attachments of a message together, in octets (26 214 400 unless the gateway says otherwise). */
export function gatewayLimits(session: Session): GatewayLimits {
  const announced = session.capabilities[gateway] as Partial<GatewayLimits> | undefined;
  return { maxAttachmentsBytesPerMessage: 26_214_400, mailServer: "unknown", ...announced };
}

/** Which box an account is. Without the gateway's word, the account's own name is its address. */
export function gatewayAccount(session: Session, accountId: Id): GatewayAccount {
  const account = session.accounts[accountId];
  const announced = account?.accountCapabilities?.[gateway] as Partial<GatewayAccount> | undefined;
  const address = account?.name ?? accountId;
  return {
    mailboxId: accountId,
    address,
    displayName: address,
    type: "PER",
    structureName: "",
    relation: "holder",
    rights: { write: true, sendAs: true, sendOnBehalf: true },
    ...announced,
  };
}

/** Fills a URL template of the session (RFC 6570 level 1): every value is percent-encoded, `@` included. */
export function expandTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

/** Capabilities to name in `using` for these methods (RFC 8620 §3.3). */
export function capabilitiesOf(methods: Iterable<string>): string[] {
  const using = new Set([core]);
  for (const method of methods) {
    const type = method.slice(0, method.indexOf("/"));
    if (type === "Identity" || type === "EmailSubmission") using.add("urn:ietf:params:jmap:submission");
    if (type !== "Core") using.add("urn:ietf:params:jmap:mail");
  }
  return [...using];
}

/** Where a blob is downloaded from, under the name it is saved as. */
export function downloadUrl(
  session: Session,
  accountId: Id,
  blob: { blobId: Id; name: string; type: string },
): string {
  return expandTemplate(session.downloadUrl, { accountId, ...blob });
}
