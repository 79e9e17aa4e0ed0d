/**
 * EmailSubmission/set: before a message leaves, it is read as the mail server has it. The box must be its sender in
 * envelope and header, its recipients must be in the trust space, its attachments within the limit, and it must not
 * have been sent before (ledger.ts). Each refusal is the SetError of that one submission (RFC 8621 §7.5).
 */
import type { Box } from "./accounts.ts";
import { type CallContext, responseOf } from "./box-calls.ts";
import { type Guard, type Refusals, withoutRefused, withRefusals } from "./guards.ts";
import type { Attempt, Ledger } from "./ledger.ts";
import { mail, submission } from "./methods.ts";
import type { Originator, SetError } from "./originators.ts";
import { resolveId } from "./references.ts";
import { type Arguments, type Invocation, isObject } from "./request.ts";
import { maySend } from "./rights.ts";
import {
  type Candidate,
  judgeSubmission,
  readStored,
  type RecipientVerdict,
  refuseRecipients,
} from "./submission-check.ts";
import {
  deliveryStatuses,
  type Outcome,
  outcomeOf,
  outcomeUnknown,
  withVerdicts,
} from "./submission-outcome.ts";

export interface SubmissionGuardOptions {
  readonly addressesOf: (box: Box) => Promise<ReadonlySet<string>>;
  readonly checkRecipients: (addresses: readonly string[]) => Promise<readonly RecipientVerdict[]>;
  readonly maxAttachmentBytes: number;
  readonly ledger: Ledger;
}

/** The `onSuccess…` arguments for submissions that exist already; those of creates are done once they are proved. */
function actionsOnExisting(args: Arguments): Arguments {
  const isExisting = (key: unknown) => typeof key === "string" && !key.startsWith("#");
  const actions: Arguments = {};
  if (isObject(args.onSuccessUpdateEmail)) {
    const kept = Object.entries(args.onSuccessUpdateEmail).filter(([key]) => isExisting(key));
    actions.onSuccessUpdateEmail = kept.length === 0 ? null : Object.fromEntries(kept);
  }
  if (Array.isArray(args.onSuccessDestroyEmail)) {
    const kept = args.onSuccessDestroyEmail.filter(isExisting);
    actions.onSuccessDestroyEmail = kept.length === 0 ? null : kept;
  }
  return actions;
}

/** Email/set for what `onSuccess…` asks of messages that are sent, now or before; undefined when it asks nothing. */
function actionsOnSent(
  args: Arguments,
  sent: ReadonlyMap<string, string>,
  accountId: string,
): Arguments | undefined {
  const update: Record<string, unknown> = {};
  const destroy: string[] = [];
  for (const [key, emailId] of sent) {
    const patch = isObject(args.onSuccessUpdateEmail) ? args.onSuccessUpdateEmail[`#${key}`] : undefined;
    if (isObject(patch)) update[emailId] = patch;
    if (Array.isArray(args.onSuccessDestroyEmail) && args.onSuccessDestroyEmail.includes(`#${key}`)) {
      destroy.push(emailId);
    }
  }
  if (Object.keys(update).length === 0 && destroy.length === 0) return undefined;
  return {
    accountId,
    ...(Object.keys(update).length === 0 ? {} : { update }),
    ...(destroy.length === 0 ? {} : { destroy }),
  };
}

export function createSubmissionGuard(options: SubmissionGuardOptions): Guard {
  const { addressesOf, checkRecipients, maxAttachmentBytes, ledger } = options;

  /** The box, and the person by the addresses that are his own alone. */
  async function originatorOf(box: Box, context: CallContext): Promise<Originator> {
    const held = [...context.boxes.byAccount.values()].filter(({ relation }) => relation === "holder");
    const [own, ...others] = await Promise.all([box, ...held].map(addressesOf));
    return { box: own!, person: new Set(others.flatMap((one) => [...one])), mayBeBox: box.rights.sendAs };
  }

  /** Every create, judged: what may be forwarded and what is refused. */
  async function judgeAll(args: Arguments, box: Box, context: CallContext) {
    const creates = isObject(args.create) ? Object.entries(args.create) : [];
    const refused = new Map<string, SetError>();
    const candidates = new Map<string, Candidate>();
    if (creates.length === 0) return { refused, candidates };
    const emailIds = creates.flatMap(([, create]) => {
      const id = isObject(create) && typeof create.emailId === "string"
        ? resolveId(create.emailId, context.createdIds)
        : undefined;
      return id === undefined ? [] : [id];
    });
    const [stored, originator] = await Promise.all([
      readStored([...new Set(emailIds)], box, context),
      originatorOf(box, context),
    ]);
    for (const [key, create] of creates) {
      const verdict = judgeSubmission(create, stored, originator, context.createdIds, maxAttachmentBytes);
      if ("type" in verdict) refused.set(key, verdict);
      else candidates.set(key, verdict);
    }
    const addresses = [...new Set([...candidates.values()].flatMap((candidate) => candidate.recipients))];
    const verdicts = new Map(
      addresses.length === 0
        ? []
        : (await checkRecipients(addresses)).map(({ address, status }) => [address, status]),
    );
    for (const [key, candidate] of candidates) {
      const error = refuseRecipients(candidate.recipients, verdicts);
      if (error === undefined) continue;
      refused.set(key, error);
      candidates.delete(key);
    }
    return { refused, candidates };
  }

  /** Sends the call and looks how each create ended; closes its row of the ledger. */
  async function forward(
    call: Invocation,
    attempts: ReadonlyMap<string, Attempt>,
    box: Box,
    context: CallContext,
  ): Promise<{ responses: Invocation[]; outcomes: ReadonlyMap<string, Outcome> }> {
    const [name] = call;
    const lookId = crypto.randomUUID();
    const look: Invocation = ["EmailSubmission/get", {
      accountId: box.session.accountId,
      ids: [...attempts.keys()].map((key) => `#${key}`),
      properties: ["deliveryStatus"],
    }, lookId];
    let all: Invocation[];
    try {
      all = await context.send(box, attempts.size === 0 ? [call] : [call, look], [mail, submission]);
    } catch (error) {
      await Promise.all([...attempts.values()].map((attempt) => ledger.lost(attempt)));
      throw error;
    }
    const responses = all.filter(([, , id]) => id !== lookId);
    const statuses = deliveryStatuses(all.find(([answered, , id]) => id === lookId && answered !== "error"));
    const outcomes = new Map<string, Outcome>();
    for (const [key, attempt] of attempts) {
      const outcome = outcomeOf(key, name, responses, statuses);
      outcomes.set(key, outcome);
      if (outcome.kind === "accepted") await ledger.accepted(attempt, outcome.created);
      else await ledger[outcome.kind](attempt);
    }
    return { responses, outcomes };
  }

  return async ([name, args, callId], box, context) => {
    if (!maySend(box)) return refuseAll([name, args, callId], box, context);
    const { refused, candidates } = await judgeAll(args, box, context);
    const attempts = new Map<string, Attempt>();
    const created = new Map<string, Record<string, unknown>>();
    for (const [key, candidate] of candidates) {
      const attempt = { personId: context.personId, box, messageId: candidate.messageId };
      const claim = await ledger.claim(attempt, candidate.recipients);
      if (claim.kind === "forward") attempts.set(key, attempt);
      else if (claim.kind === "already-sent") created.set(key, claim.answer);
      else refused.set(key, outcomeUnknown(claim.retryAfterSeconds));
    }

    const create = Object.fromEntries([...attempts.keys()].map((key) => [key, candidates.get(key)!.create]));
    const call: Invocation = [name, { ...args, ...actionsOnExisting(args), create }, callId];
    const { responses, outcomes } = await forward(call, attempts, box, context);
    await releaseCanceled(args, responses, name, box, context);
    for (const [key, outcome] of outcomes) {
      if (outcome.kind === "accepted") created.set(key, outcome.created);
      else if (outcome.kind === "lost") refused.set(key, outcomeUnknown(5));
      else if (outcome.error !== undefined) refused.set(key, outcome.error);
    }
    const sent = new Map([...created.keys()].map((key) => [key, candidates.get(key)!.emailId]));
    const actions = actionsOnSent(args, sent, box.session.accountId);
    const answered = withVerdicts(responses, name, { created, notCreated: refused });
    if (actions === undefined) return answered;
    // The implicit Email/set of RFC 8621 §7.5, once it is proved that there is something to file.
    return [...answered, ...await context.send(box, [["Email/set", actions, callId]], [mail])];
  };

  /** Who may not send takes nothing back either; what remains of the call goes on. */
  async function refuseAll([name, args, callId]: Invocation, box: Box, context: CallContext) {
    const error: SetError = {
      type: "forbiddenToSend",
      description: "The delegation does not hold a right to send.",
    };
    const all = (map: unknown): Refusals =>
      new Map(isObject(map) ? Object.keys(map).map((key) => [key, error]) : []);
    const [notCreated, notUpdated] = [all(args.create), all(args.update)];
    const rest: Record<string, unknown> = withoutRefused(args, notCreated, notUpdated);
    delete rest.onSuccessUpdateEmail;
    delete rest.onSuccessDestroyEmail;
    const responses = await context.send(box, [[name, rest, callId]], [mail, submission]);
    return withRefusals(responses, name, notCreated, notUpdated);
  }

  async function releaseCanceled(
    args: Arguments,
    responses: readonly Invocation[],
    name: string,
    box: Box,
    context: CallContext,
  ) {
    const updated = responseOf(responses, name)?.[1].updated;
    if (!isObject(args.update) || !isObject(updated)) return;
    const canceled = Object.entries(args.update)
      .filter(([id, patch]) => id in updated && isObject(patch) && patch.undoStatus === "canceled")
      .map(([id]) => id);
    await ledger.canceled(context.personId, box, canceled);
  }
}
