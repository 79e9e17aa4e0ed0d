/**
 * EmailSubmission/set: before a message leaves, it is read as the mail server has it. The box must be its sender in
 * envelope and header, its recipients must be in the trust space, its attachments within the limit, and it must not
 * have been sent before (ledger.ts). Each refusal is the SetError of that one submission (RFC 8621 §7.5).
 */
import type { Box } from "./accounts.ts";
import { type CallContext, responseOf } from "./box-calls.ts";
import { type Guard, withoutRefused, withRefusals } from "./guards.ts";
import type { Attempt, Ledger } from "./ledger.ts";
import { mail, submission } from "./methods.ts";
import type { SetError } from "./originators.ts";
import { resolveId } from "./references.ts";
import { type Arguments, type Invocation, isObject } from "./request.ts";
import {
  type Candidate,
  judgeSubmission,
  readStored,
  type RecipientVerdict,
  refuseRecipients,
} from "./submission-check.ts";

export interface SubmissionGuardOptions {
  readonly addressesOf: (box: Box) => Promise<ReadonlySet<string>>;
  readonly checkRecipients: (addresses: readonly string[]) => Promise<readonly RecipientVerdict[]>;
  readonly maxAttachmentBytes: number;
  readonly ledger: Ledger;
}

function outcomeUnknown(retryAfterSeconds: number): SetError {
  return {
    type: "urn:mssante:error:submission-outcome-unknown",
    description:
      "This message was sent before and nobody knows yet whether it left. Ask again later; do not resend.",
    "urn:mssante:retryAfterSeconds": retryAfterSeconds,
  };
}

/** The MTA said "later" (our hook could not answer, or asks to wait): no refusal, and no proof either. */
function isTemporary(error: unknown): boolean {
  return isObject(error) && typeof error.description === "string" &&
    /(^|DATA: )4\d\d /.test(error.description);
}

/** The `onSuccess…` arguments for the creates that go on; those of a repeat are done by the gateway itself. */
function successActions(args: Arguments, forwarded: ReadonlySet<string>): Arguments {
  const keeps = (key: string) => !key.startsWith("#") || forwarded.has(key.slice(1));
  const actions: Arguments = {};
  if (isObject(args.onSuccessUpdateEmail)) {
    actions.onSuccessUpdateEmail = Object.fromEntries(
      Object.entries(args.onSuccessUpdateEmail).filter(([key]) => keeps(key)),
    );
  }
  if (Array.isArray(args.onSuccessDestroyEmail)) {
    actions.onSuccessDestroyEmail = args.onSuccessDestroyEmail.filter((key) =>
      typeof key === "string" && keeps(key)
    );
  }
  return actions;
}

/** What `onSuccess…` asks for messages that had been sent already: the first attempt may not have come to it. */
function repeatedActions(
  args: Arguments,
  repeats: ReadonlyMap<string, string>,
  accountId: string,
): Arguments | undefined {
  const update: Record<string, unknown> = {};
  const destroy: string[] = [];
  for (const [key, emailId] of repeats) {
    const patch = isObject(args.onSuccessUpdateEmail) ? args.onSuccessUpdateEmail[`#${key}`] : undefined;
    if (isObject(patch)) update[emailId] = patch;
    if (Array.isArray(args.onSuccessDestroyEmail) && args.onSuccessDestroyEmail.includes(`#${key}`)) {
      destroy.push(emailId);
    }
  }
  return Object.keys(update).length === 0 && destroy.length === 0
    ? undefined
    : { accountId, update, destroy };
}

export function createSubmissionGuard(options: SubmissionGuardOptions): Guard {
  const { addressesOf, checkRecipients, maxAttachmentBytes, ledger } = options;

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
    const [stored, own] = await Promise.all([
      readStored([...new Set(emailIds)], box, context),
      addressesOf(box),
    ]);
    for (const [key, create] of creates) {
      const verdict = judgeSubmission(create, stored, own, context.createdIds, maxAttachmentBytes);
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

  return async ([name, args, callId], box, context) => {
    const { refused, candidates } = await judgeAll(args, box, context);
    const attempts = new Map<string, Attempt>();
    const repeats = new Map<string, Record<string, unknown>>();
    for (const [key, candidate] of candidates) {
      const attempt = { personId: context.personId, box, messageId: candidate.messageId };
      const claim = await ledger.claim(attempt, candidate.recipients);
      if (claim.kind === "forward") attempts.set(key, attempt);
      else if (claim.kind === "already-sent") repeats.set(key, claim.answer);
      else refused.set(key, outcomeUnknown(claim.retryAfterSeconds));
    }

    const kept = new Set(attempts.keys());
    const create = Object.fromEntries([...kept].map((key) => [key, candidates.get(key)!.create]));
    const call: Invocation = [
      name,
      { ...withoutRefused(args, refused, new Map()), ...successActions(args, kept), create },
      callId,
    ];
    const catchUp = repeatedActions(
      args,
      new Map([...repeats.keys()].map((key) => [key, candidates.get(key)!.emailId])),
      box.session.accountId,
    );
    let responses: Invocation[];
    try {
      responses = await context.send(
        box,
        catchUp === undefined ? [call] : [call, ["Email/set", catchUp, callId]],
        [mail, submission],
      );
    } catch (error) {
      await Promise.all([...attempts.values()].map((attempt) => ledger.lost(attempt)));
      throw error;
    }
    await closeAttempts(attempts, responses, name);
    await releaseCanceled(args, responses, name, box, context);
    const answer = responseOf(responses, name)?.[1];
    if (isObject(answer?.notCreated)) {
      for (const [key, error] of Object.entries(answer.notCreated)) {
        if (isTemporary(error)) refused.set(key, outcomeUnknown(5));
      }
    }
    return withRepeats(withRefusals(responses, name, refused), name, repeats);
  };

  async function closeAttempts(
    attempts: ReadonlyMap<string, Attempt>,
    responses: readonly Invocation[],
    name: string,
  ) {
    const answer = responseOf(responses, name)?.[1];
    const failure = responses.find(([answered]) => answered === "error")?.[1].type;
    const mayHaveActed = failure === "serverPartialFail" || failure === "serverFail" ||
      failure === "serverUnavailable";
    for (const [key, attempt] of attempts) {
      const created = isObject(answer?.created) ? answer.created[key] : undefined;
      const error = isObject(answer?.notCreated) ? answer.notCreated[key] : undefined;
      if (isObject(created)) await ledger.accepted(attempt, created);
      else if (isTemporary(error)) await ledger.lost(attempt);
      else if (error !== undefined || (answer === undefined && !mayHaveActed)) await ledger.refused(attempt);
      else await ledger.lost(attempt);
    }
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

/** Answers a repeat as created, with the ids of the first time. */
function withRepeats(
  responses: readonly Invocation[],
  name: string,
  repeats: ReadonlyMap<string, Record<string, unknown>>,
): Invocation[] {
  if (repeats.size === 0) return [...responses];
  const answer = responseOf(responses, name);
  return responses.map((response) => {
    if (response !== answer) return response;
    const created = isObject(response[1].created) ? response[1].created : {};
    // A first attempt whose answer was lost left no id of the EmailSubmission; clients only need one to be there.
    const again = [...repeats].map(([key, ids]) => [key, { id: "already-sent", ...ids }]);
    return [
      response[0],
      { ...response[1], created: { ...created, ...Object.fromEntries(again) } },
      response[2],
    ];
  });
}
