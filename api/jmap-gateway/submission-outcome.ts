/**
 * What the mail server's answer to a submission proves. Three ends: it was accepted, it was refused for good (and may be
 * put right and sent again), or nothing is proved. Seen at both servers: answers that look like refusals but only say
 * that something broke on the way, and an acceptance of which every recipient was turned away.
 */
import { responseOf } from "./box-calls.ts";
import type { SetError } from "./originators.ts";
import { type Arguments, type Invocation, isObject } from "./request.ts";

export type Outcome =
  | { readonly kind: "accepted"; readonly created: Record<string, unknown> }
  /** `error` replaces what the server said; without it the server's own SetError stands. */
  | { readonly kind: "refused"; readonly error?: SetError }
  | { readonly kind: "lost" };

/** The person is told to wait; the web asks again by itself with the same Message-ID. */
export function outcomeUnknown(retryAfterSeconds: number): SetError {
  return {
    type: "urn:mssante:error:submission-outcome-unknown",
    description: "Nobody knows yet whether this message left, or it could not leave now. Ask again later.",
    "urn:mssante:retryAfterSeconds": retryAfterSeconds,
  };
}

/**
 * Whether a SetError proves nothing: the server failed, or the MTA said "later", or what is quoted is no refusal (Cyrus
 * gives the last line it read when the MTA was killed). Real refusals of both servers carry an enhanced status 5.x.x.
 */
export function provesNothing(error: unknown): boolean {
  if (!isObject(error)) return false;
  const description = typeof error.description === "string" ? error.description : "";
  switch (error.type) {
    case "serverFail":
    case "serverUnavailable":
    case "serverPartialFail":
      return true;
    case "forbiddenToSend":
      return !/\b5\.\d{1,3}\.\d{1,3}\b/.test(description);
    default:
      return /(^|[A-Z]: )4\d\d /.test(description);
  }
}

/** RFC 8621 §7: DeliveryStatus by recipient. */
type DeliveryStatus = Readonly<Record<string, unknown>>;

/**
 * The SetError of a submission that was created although every recipient was turned away at RCPT: nothing is queued.
 * `undefined` when at least one was taken, or the server tells nothing.
 */
export function turnedAway(status: unknown): SetError | undefined {
  if (!isObject(status)) return undefined;
  const recipients = Object.entries(status as DeliveryStatus);
  const replies = recipients.map(([, one]) =>
    isObject(one) && one.delivered === "no" && typeof one.smtpReply === "string" ? one.smtpReply : undefined
  );
  if (recipients.length === 0 || replies.includes(undefined)) return undefined;
  if (replies.some((reply) => /\b4\d\d\b/.test(reply!))) return outcomeUnknown(5);
  return {
    type: "invalidRecipients",
    invalidRecipients: recipients.map(([address]) => address),
    description: "The mail server takes none of these recipients.",
    "urn:mssante:reason": "no-such-mailbox",
  };
}

/** Statuses by the id of the submission, as EmailSubmission/get told them. */
export function deliveryStatuses(look: Invocation | undefined): ReadonlyMap<string, unknown> {
  const list: unknown[] = Array.isArray(look?.[1].list) ? look[1].list : [];
  return new Map(
    list.flatMap((one) =>
      isObject(one) && typeof one.id === "string" ? [[one.id, one.deliveryStatus] as const] : []
    ),
  );
}

/** How the create `key` ended, by the responses of EmailSubmission/set. */
export function outcomeOf(
  key: string,
  name: string,
  responses: readonly Invocation[],
  statuses: ReadonlyMap<string, unknown>,
): Outcome {
  const answer = responseOf(responses, name)?.[1];
  const created = isObject(answer?.created) ? answer.created[key] : undefined;
  if (isObject(created)) {
    const error = turnedAway(statuses.get(String(created.id)));
    return error === undefined ? { kind: "accepted", created } : { kind: "refused", error };
  }
  const error = isObject(answer?.notCreated) ? answer.notCreated[key] : undefined;
  if (error !== undefined) return provesNothing(error) ? { kind: "lost" } : { kind: "refused" };
  if (answer !== undefined) return { kind: "lost" };
  const failure = responses.find(([answered]) => answered === "error")?.[1].type;
  const isRefused = typeof failure === "string" && !failure.startsWith("server");
  return isRefused ? { kind: "refused" } : { kind: "lost" };
}

/** What the client is told of the creates: those sent now, those sent before, and SetErrors for the others. */
export interface Verdicts {
  readonly created: ReadonlyMap<string, Record<string, unknown>>;
  readonly notCreated: ReadonlyMap<string, SetError>;
}

/** The EmailSubmission/set response among these with our verdicts in place of what the server said of the same keys. */
export function withVerdicts(
  responses: readonly Invocation[],
  name: string,
  verdicts: Verdicts,
): Invocation[] {
  const answer = responseOf(responses, name);
  return responses.map((response) => {
    if (response !== answer) return response;
    const args: Arguments = { ...response[1] };
    const created = new Map(Object.entries(isObject(args.created) ? args.created : {}));
    const notCreated = new Map(Object.entries(isObject(args.notCreated) ? args.notCreated : {}));
    for (const [key, ids] of verdicts.created) {
      // A first attempt whose answer was lost left no id of the EmailSubmission; clients only need one to be there.
      created.set(key, { id: "already-sent", ...ids });
      notCreated.delete(key);
    }
    for (const [key, error] of verdicts.notCreated) {
      notCreated.set(key, error);
      created.delete(key);
    }
    if (created.size > 0 || "created" in args) {
      args.created = created.size === 0 ? null : Object.fromEntries(created);
    }
    if (notCreated.size > 0 || "notCreated" in args) {
      args.notCreated = notCreated.size === 0 ? null : Object.fromEntries(notCreated);
    }
    return [response[0], args, response[2]];
  });
}
