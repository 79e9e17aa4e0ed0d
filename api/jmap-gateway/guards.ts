/**
 * What is looked into before it goes on. A guard gets one call with all its references resolved, takes out the objects
 * that may not pass, sends the rest, and puts the refusals among the answers: the SetError of that object alone.
 */
import type { Box } from "./accounts.ts";
import { type CallContext, responseOf } from "./box-calls.ts";
import { blob, type GuardName, mail, touchesSharing } from "./methods.ts";
import type { SetError } from "./originators.ts";
import { resolveId } from "./references.ts";
import { type Arguments, type Invocation, isObject } from "./request.ts";

export type Guard = (call: Invocation, box: Box, context: CallContext) => Promise<Invocation[]>;
export type Guards = Readonly<Record<GuardName, Guard>>;

export type Refusals = ReadonlyMap<string, SetError>;

function without(map: unknown, refused: Refusals): Record<string, unknown> {
  if (!isObject(map)) return {};
  return Object.fromEntries(Object.entries(map).filter(([key]) => !refused.has(key)));
}

/** The `/set` arguments without the refused objects. */
export function withoutRefused(args: Arguments, notCreated: Refusals, notUpdated: Refusals): Arguments {
  const rest = { ...args };
  if (notCreated.size > 0) rest.create = without(args.create, notCreated);
  if (notUpdated.size > 0) rest.update = without(args.update, notUpdated);
  return rest;
}

/** Adds refusals to the `/set` response among these; an error instead of a response stays what it is. */
export function withRefusals(
  responses: readonly Invocation[],
  name: string,
  notCreated: Refusals,
  notUpdated: Refusals = new Map(),
): Invocation[] {
  const answer = responseOf(responses, name);
  const add = (existing: unknown, refused: Refusals) => ({
    ...(isObject(existing) ? existing : {}),
    ...Object.fromEntries(refused),
  });
  return responses.map((response) => {
    if (response !== answer) return response;
    const args = { ...response[1] };
    if (notCreated.size > 0) args.notCreated = add(args.notCreated, notCreated);
    if (notUpdated.size > 0) args.notUpdated = add(args.notUpdated, notUpdated);
    return [response[0], args, response[2]];
  });
}

function refuseWhere(map: unknown, test: (object: unknown) => SetError | undefined): Map<string, SetError> {
  const refused = new Map<string, SetError>();
  if (!isObject(map)) return refused;
  for (const [key, object] of Object.entries(map)) {
    const error = test(object);
    if (error !== undefined) refused.set(key, error);
  }
  return refused;
}

/**
 * Mailbox/set: nobody shares a folder (house decision 4). Servers let a folder be shared with any account they have,
 * across tenants; who opens a box is said in the platform and nowhere else.
 */
export const sharingGuard: Guard = async ([name, args, callId], box, context) => {
  const forbidden = (object: unknown): SetError | undefined =>
    touchesSharing(object)
      ? {
        type: "forbidden",
        description: "Folders are not shared: members of a mailbox are named in the platform.",
      }
      : undefined;
  const notCreated = refuseWhere(args.create, forbidden);
  const notUpdated = refuseWhere(args.update, forbidden);
  const rest = withoutRefused(args, notCreated, notUpdated);
  return withRefusals(await context.send(box, [[name, rest, callId]]), name, notCreated, notUpdated);
};

/** Identity/set: an identity speaks as the box or one of its aliases (RFC 8621 §6.3). */
export function createIdentityGuard(addressesOf: (box: Box) => Promise<ReadonlySet<string>>): Guard {
  return async ([name, args, callId], box, context) => {
    const own = await addressesOf(box);
    const notCreated = refuseWhere(args.create, (identity) => {
      const email = isObject(identity) ? identity.email : undefined;
      return typeof email === "string" && own.has(email.toLowerCase())
        ? undefined
        : { type: "forbiddenFrom", description: "This address is not this mailbox's own." };
    });
    const rest = withoutRefused(args, notCreated, new Map());
    return withRefusals(await context.send(box, [[name, rest, callId]]), name, notCreated);
  };
}

/** The blobs that the parts of an Email to be created take their content from; text bodies by value count nothing. */
export function blobsOfDraft(email: unknown, found: string[] = []): string[] {
  if (Array.isArray(email)) {
    for (const part of email) blobsOfDraft(part, found);
  } else if (isObject(email)) {
    if (typeof email.blobId === "string") found.push(email.blobId);
    for (const member of ["bodyStructure", "attachments", "textBody", "htmlBody", "subParts"]) {
      if (member in email) blobsOfDraft(email[member], found);
    }
  }
  return found;
}

export function tooLarge(bytes: number, max: number): SetError {
  return {
    type: "tooLarge",
    description: `The attachments of a message hold at most ${max} bytes together; these hold ${bytes}.`,
    maxSize: max,
  };
}

/** Email/set: a draft's attachments stay within the limit of a message (RFC 8621 §4.6 `tooLarge`). */
export function createAttachmentGuard(maxAttachmentBytes: number): Guard {
  return async ([name, args, callId], box, context) => {
    const blobsByDraft = new Map<string, string[]>();
    if (isObject(args.create)) {
      for (const [key, email] of Object.entries(args.create)) {
        const ids = blobsOfDraft(email).map((id) => resolveId(id, context.createdIds) ?? id);
        if (ids.length > 0) blobsByDraft.set(key, ids);
      }
    }
    const sizes = await sizesOfBlobs(box, [...new Set([...blobsByDraft.values()].flat())], context);
    const notCreated = new Map<string, SetError>();
    for (const [key, ids] of blobsByDraft) {
      // A blob that is not there has no size; the mail server says blobNotFound by itself.
      const total = ids.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
      if (total > maxAttachmentBytes) notCreated.set(key, tooLarge(total, maxAttachmentBytes));
    }
    const rest = withoutRefused(args, notCreated, new Map());
    return withRefusals(await context.send(box, [[name, rest, callId]]), name, notCreated);
  };
}

async function sizesOfBlobs(
  box: Box,
  ids: readonly string[],
  context: CallContext,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  if (ids.length === 0) return sizes;
  const get: Invocation = ["Blob/get", { accountId: box.session.accountId, ids, properties: ["size"] }, "0"];
  const answer = responseOf(await context.send(box, [get], [mail, blob]), "Blob/get");
  const list: unknown = answer?.[1].list;
  if (!Array.isArray(list)) return sizes;
  for (const item of list) {
    if (isObject(item) && typeof item.id === "string" && typeof item.size === "number") {
      sizes.set(item.id, item.size);
    }
  }
  return sizes;
}
