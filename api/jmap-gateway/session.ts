/**
 * The person's JMAP session object (RFC 8620 §2): one account per box, upstream account ids as they are, absolute URLs
 * of the platform's origin, limits no wider than those of the mail server or the gateway, whichever is narrower.
 */
import type { Box, PersonBoxes } from "./accounts.ts";
import { core, gateway, mail, passedCapabilities, submission, vacation, websocket } from "./methods.ts";
import { isObject, type RequestLimits } from "./request.ts";
import { isReadOnly, maySend } from "./rights.ts";

export interface SessionOptions {
  /** Public origin without trailing slash. */
  readonly origin: string;
  readonly limits: RequestLimits;
  readonly maxAttachmentBytes: number;
  readonly mailServer: string;
}

function rightsLine({ relation, rights }: Box): string {
  return `${relation} ${rights.write} ${rights.sendAs} ${rights.sendOnBehalf}`;
}

/** What is worked out of a list of boxes once, for as long as the list is kept: two seconds (accounts.ts). */
interface WorkedOut {
  /** The upstream states of which `state` was made: nothing else of a list changes. */
  states: string[];
  state: string;
  limits: { readonly of: RequestLimits; readonly narrowed: RequestLimits } | undefined;
  common: readonly string[] | undefined;
}

const workedOut = new WeakMap<PersonBoxes, WorkedOut>();

function workedOutOf(boxes: PersonBoxes): WorkedOut {
  let found = workedOut.get(boxes);
  if (found === undefined) {
    found = { states: [], state: hashOf(boxes), limits: undefined, common: undefined };
    for (const { session } of boxes.byAccount.values()) found.states.push(session.state);
    workedOut.set(boxes, found);
  }
  return found;
}

/**
 * Changes when the person's boxes change, or what they are called, or a box's upstream state: clients then read the
 * session anew (RFC 8620 §2, §3.4). No security rests on it, so a short hash does (FNV-1a, 2 × 32 bits).
 */
export function sessionState(boxes: PersonBoxes): string {
  const kept = workedOutOf(boxes);
  let hasMoved = false, index = 0;
  for (const { session } of boxes.byAccount.values()) {
    if (kept.states[index] !== session.state) {
      kept.states[index] = session.state;
      hasMoved = true;
    }
    index++;
  }
  if (hasMoved) kept.state = hashOf(boxes);
  return kept.state;
}

function hashOf(boxes: PersonBoxes): string {
  let a = 0x811c9dc5, b = 0x9747b28c;
  for (const box of boxes.byAccount.values()) {
    const line =
      `${box.session.accountId}\n${box.id}\n${box.address}\n${box.displayName}\n${box.type}\n${box.structureName}\n${
        rightsLine(box)
      }\n${box.session.state}\0`;
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193) >>> 0;
      b = Math.imul(b ^ code, 0x01000193) >>> 0;
      b = (b << 5 | b >>> 27) >>> 0;
    }
  }
  return a.toString(16).padStart(8, "0") + b.toString(16).padStart(8, "0");
}

/** The least of the numbers that the boxes' servers and the gateway allow; `undefined` where nobody says. */
function least(values: readonly unknown[]): number | undefined {
  const numbers = values.filter((value): value is number => typeof value === "number");
  return numbers.length === 0 ? undefined : Math.min(...numbers);
}

function member(boxes: readonly Box[], name: string): unknown[] {
  return boxes.map((box) => {
    const capability = box.session.capabilities[core];
    return isObject(capability) ? capability[name] : undefined;
  });
}

function coreCapability(boxes: readonly Box[], limits: RequestLimits): Record<string, unknown> {
  const collations = boxes.map((box) => {
    const capability = box.session.capabilities[core];
    return isObject(capability) && Array.isArray(capability.collationAlgorithms)
      ? capability.collationAlgorithms
      : [];
  });
  return {
    maxSizeUpload: least(member(boxes, "maxSizeUpload")) ?? 0,
    maxConcurrentUpload: least(member(boxes, "maxConcurrentUpload")) ?? 4,
    maxSizeRequest: least([...member(boxes, "maxSizeRequest"), limits.maxSizeRequest])!,
    maxConcurrentRequests: least(member(boxes, "maxConcurrentRequests")) ?? 4,
    maxCallsInRequest: least([...member(boxes, "maxCallsInRequest"), limits.maxCallsInRequest])!,
    maxObjectsInGet: least(member(boxes, "maxObjectsInGet")) ?? 500,
    maxObjectsInSet: least(member(boxes, "maxObjectsInSet")) ?? 500,
    collationAlgorithms: collations.length === 0
      ? []
      : collations.reduce((common, other) => common.filter((name) => other.includes(name))),
  };
}

function accountCapabilities(box: Box, options: SessionOptions): Record<string, unknown> {
  const announced: Record<string, unknown> = {};
  for (const urn of passedCapabilities) {
    if (urn === core || !mayUse(urn, box)) continue;
    const capability = box.session.accountCapabilities[urn];
    if (!isObject(capability)) continue;
    announced[urn] = urn === mail
      ? {
        ...capability,
        maxSizeAttachmentsPerEmail: least([
          capability.maxSizeAttachmentsPerEmail,
          options.maxAttachmentBytes,
        ]),
      }
      : capability;
  }
  announced[gateway] = {
    mailboxId: box.id,
    address: box.address,
    displayName: box.displayName,
    type: box.type,
    structureName: box.structureName,
    relation: box.relation,
    rights: {
      write: box.rights.write,
      sendAs: box.rights.sendAs,
      sendOnBehalf: box.rights.sendOnBehalf,
    },
  };
  return announced;
}

/** A box from which the person may not send is announced without what sends (RFC 8621 §1.3.2, §1.3.3). */
function mayUse(urn: string, box: Box): boolean {
  if (urn === submission) return maySend(box);
  return urn !== vacation || (box.rights.write && box.rights.sendAs);
}

/** The capabilities that every box's server has and the gateway lets pass; those a request may name in `using`. */
export function commonCapabilities(boxes: PersonBoxes): readonly string[] {
  return workedOutOf(boxes).common ??= passedCapabilities.filter((urn) =>
    urn === core || [...boxes.byAccount.values()].every((box) => urn in box.session.capabilities)
  );
}

/** Narrows the gateway's own limits to those of the servers behind the person's boxes. */
export function limitsOf(boxes: PersonBoxes, limits: RequestLimits): RequestLimits {
  const kept = workedOutOf(boxes);
  if (kept.limits?.of !== limits) kept.limits = { of: limits, narrowed: narrowed(boxes, limits) };
  return kept.limits.narrowed;
}

function narrowed(boxes: PersonBoxes, limits: RequestLimits): RequestLimits {
  const all = [...boxes.byAccount.values()];
  return {
    maxSizeRequest: least([...member(all, "maxSizeRequest"), limits.maxSizeRequest])!,
    maxCallsInRequest: least([...member(all, "maxCallsInRequest"), limits.maxCallsInRequest])!,
    maxDepth: limits.maxDepth,
  };
}

/** The largest upload of a box, in bytes. */
export function maxUploadOf(box: Box): number {
  return least(member([box], "maxSizeUpload")) ?? 0;
}

/** Composes the session object. `username` is shown to the person and nothing else. */
export function composeSession(
  boxes: PersonBoxes,
  username: string,
  options: SessionOptions,
): Record<string, unknown> {
  const all = [...boxes.byAccount.values()];
  const { origin } = options;
  const capabilities: Record<string, unknown> = {};
  for (const urn of commonCapabilities(boxes)) capabilities[urn] = {};
  capabilities[core] = coreCapability(all, options.limits);
  capabilities[websocket] = { url: `${origin.replace(/^http/, "ws")}/jmap/ws`, supportsPush: true };
  capabilities[gateway] = {
    maxAttachmentsBytesPerMessage: options.maxAttachmentBytes,
    mailServer: options.mailServer,
  };
  // A person's own box comes first where there is one (RFC 8620 §2: the default account for a capability).
  const first = all.find((box) => box.relation === "holder") ?? all[0];
  const primaryAccounts: Record<string, string> = {};
  if (first !== undefined) {
    for (const urn of [...passedCapabilities, gateway]) {
      if (
        urn !== core && (urn === gateway || (urn in first.session.accountCapabilities && mayUse(urn, first)))
      ) {
        primaryAccounts[urn] = first.session.accountId;
      }
    }
  }
  return {
    capabilities,
    accounts: Object.fromEntries(all.map((box) => [box.session.accountId, {
      name: box.address,
      isPersonal: box.relation === "holder",
      isReadOnly: isReadOnly(box),
      accountCapabilities: accountCapabilities(box, options),
    }])),
    primaryAccounts,
    username,
    apiUrl: `${origin}/jmap/api`,
    downloadUrl: `${origin}/jmap/download/{accountId}/{blobId}/{name}?accept={type}`,
    uploadUrl: `${origin}/jmap/upload/{accountId}/`,
    eventSourceUrl: `${origin}/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}`,
    state: sessionState(boxes),
  };
}
