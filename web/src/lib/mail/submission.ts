/**
 * Sending once. The message hangs on its own Message-ID: an answer that was lost is looked up by it before anything is
 * repeated, and the gateway refuses to send the same Message-ID of a box twice.
 */
import { call } from "#lib/jmap/call.ts";
import type { Connection } from "#lib/jmap/connection.ts";
import { SetFailure, unwrap } from "#lib/jmap/errors.ts";
import type { DeliveryStatus } from "#lib/jmap/types.ts";
import { createdId, type DraftContent, type DraftSaver, findByMessageId, toEmailObject } from "./drafts.ts";
import { MailProblem, type RefusedRecipient, toProblem } from "./problem.ts";
import type { Id } from "./types.ts";

export interface SendContext {
  readonly connection: Connection;
  readonly accountId: Id;
  readonly identityId: Id;
  readonly draftsId: Id;
  readonly sentId: Id;
  /** Waits between looks for a lost answer; ends early when it rejects. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

export interface SendOutcome {
  /** Recipients whose server said no while others accepted. */
  readonly refused: readonly RefusedRecipient[];
}

/** Pauses between attempts after a lost answer: a minute in all, time for a server to start again. */
const pauses = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];

/** What this send has written: its own draft, whose text is the last. */
interface Attempt {
  draftId: Id | undefined;
}

/**
 * Sends a draft. `mayBeSent` says that an earlier attempt's outcome is not known; `savedCopy` names the copy on the
 * server that holds exactly these words, where there is one, so that 25 MiB are not written twice.
 * Throws MailProblem: `recipients-refused` leaves the draft in place; `mayHaveHappened` asks to call again with `mayBeSent`.
 */
export function sendDraft(
  context: SendContext,
  content: DraftContent,
  saver: DraftSaver,
  mayBeSent: boolean,
  savedCopy: () => Id | undefined = () => undefined,
): Promise<SendOutcome> {
  return saver.exclusively(async () => {
    let isUnsure = mayBeSent;
    const written: Attempt = { draftId: savedCopy() };
    for (let attempt = 0;; attempt++) {
      try {
        const outcome = isUnsure ? await resume(context, content, saver, written) : undefined;
        return outcome ?? await submit(context, content, saver, written);
      } catch (error) {
        const problem = toProblem(error);
        const pause = pauses[attempt];
        if (problem.mayHaveHappened) {
          isUnsure = true;
          saver.markUnsure();
        }
        if (!problem.mayHaveHappened || pause === undefined) {
          throw new MailProblem(problem.code, {
            cause: problem,
            recipients: problem.recipients,
            mayHaveHappened: isUnsure && problem.code !== "recipients-refused",
          });
        }
        await context.pause(pause);
      }
    }
  });
}

/** Looks for the message of a lost answer: sent, or undefined. Drafts found on the way go once it is sent. */
async function resume(
  context: SendContext,
  content: DraftContent,
  saver: DraftSaver,
  written: Attempt,
): Promise<SendOutcome | undefined> {
  const { connection, accountId } = context;
  const sent = await findByMessageId(connection, accountId, context.sentId, content.messageId);
  const drafts = await findByMessageId(connection, accountId, context.draftsId, content.messageId);
  drafts.toReversed().forEach(({ id }) => saver.adopt(id));
  if (sent[0] !== undefined) {
    const { id, blobId } = sent[0];
    // A server that died in the middle of the move left the message in both folders.
    if (drafts.some((one) => one.blobId === blobId)) {
      const patch = {
        [`mailboxIds/${context.draftsId}`]: null,
        "keywords/$draft": null,
        "keywords/$seen": true,
      };
      await connection.call("Email/set", { accountId, update: { [id]: patch } });
    }
    await settle(context, content, saver, id);
    return { refused: [] };
  }
  if (!drafts.some(({ id }) => id === written.draftId)) written.draftId = undefined;
  return undefined;
}

/**
 * It is sent: its drafts go, a lost answer's as well, for which one looks again behind the sending. Nobody waits for more
 * than the first try; a draft that stays for good bears the Message-ID of a sent message, and the gateway sends that once.
 */
async function settle(context: SendContext, content: DraftContent, saver: DraftSaver, id: Id): Promise<void> {
  const { connection, accountId, draftsId, sentId, pause } = context;
  const find = (folderId: Id) => findByMessageId(connection, accountId, folderId, content.messageId);
  const isSettled = async () => {
    if (!saver.isUnsure) return await saver.settle(id);
    const [sent] = await find(sentId);
    if (sent === undefined) return false;
    const drafts = await find(draftsId);
    return await saver.settle(sent.id, drafts.filter(({ blobId }) => blobId !== sent.blobId));
  };
  const later = async () => {
    for (const milliseconds of pauses) {
      await pause(milliseconds);
      if (await isSettled().catch(() => false)) return;
    }
  };
  if (!await isSettled().catch(() => false)) void later().catch(() => undefined);
}

/** Submits this send's own draft, and writes it first where there is none: another may hold older words. */
async function submit(
  context: SendContext,
  content: DraftContent,
  saver: DraftSaver,
  written: Attempt,
): Promise<SendOutcome> {
  const { connection, accountId } = context;
  const { draftId } = written;
  const create = draftId === undefined ? { draft: toEmailObject(content, context.draftsId) } : {};
  const [stored, submitted] = await connection.group(
    [
      call("Email/set", { accountId, create }),
      call("EmailSubmission/set", {
        accountId,
        create: {
          sent: {
            emailId: draftId ?? "#draft",
            identityId: context.identityId,
            envelope: toEnvelope(content),
          },
        },
        onSuccessUpdateEmail: {
          "#sent": {
            [`mailboxIds/${context.draftsId}`]: null,
            [`mailboxIds/${context.sentId}`]: true,
            "keywords/$draft": null,
            "keywords/$seen": true,
          },
        },
      }),
    ] as const,
  );
  const id = draftId ?? createdId(unwrap(stored), "draft");
  written.draftId = id;
  saver.adopt(id);
  // The same message was there already: the reference to the create led nowhere, its own id does.
  if (draftId === undefined && unwrap(stored).created?.["draft"] === undefined) {
    return await submit(context, content, saver, written);
  }
  const created = unwrap(submitted).created?.["sent"];
  if (created === undefined) {
    const error = unwrap(submitted).notCreated?.["sent"] ?? { type: "serverFail" };
    const isGone = error.properties?.includes("emailId") === true ||
      /^(notFound|invalidEmail)$/.test(error.type);
    if (draftId === undefined || !isGone) throw new SetFailure(error);
    written.draftId = undefined; // deleted elsewhere: written anew
    return await submit(context, content, saver, written);
  }
  const refused = await findRefused(context, created.id, created.deliveryStatus);
  if (refused.length > 0 && refused.length === recipientsOf(content).length) {
    await takeBack(context, id);
    throw new MailProblem("recipients-refused", { recipients: refused });
  }
  await settle(context, content, saver, id);
  return { refused };
}

/** RFC 8621 §7: every address once, blind copies included. */
function toEnvelope(content: DraftContent): Record<string, unknown> {
  return {
    mailFrom: { email: content.from.email },
    rcptTo: recipientsOf(content).map((email) => ({ email })),
  };
}

export function recipientsOf(content: Pick<DraftContent, "to" | "cc" | "bcc">): string[] {
  const seen = new Map<string, string>();
  for (const { email } of [...content.to, ...content.cc, ...content.bcc]) {
    if (!seen.has(email.toLowerCase())) seen.set(email.toLowerCase(), email);
  }
  return [...seen.values()];
}

/** A 550 at RCPT does not fail the call: it stands in deliveryStatus alone. */
async function findRefused(
  { connection, accountId }: SendContext,
  submissionId: Id,
  told: Readonly<Record<string, DeliveryStatus>> | null | undefined,
): Promise<RefusedRecipient[]> {
  let status = told ?? undefined;
  if (status === undefined) {
    try {
      const answer = await connection.call("EmailSubmission/get", {
        accountId,
        ids: [submissionId],
        properties: ["id", "deliveryStatus", "undoStatus"],
      });
      status = answer.list[0]?.deliveryStatus ?? undefined;
    } catch {
      return []; // the mail is accepted; what could not be read now arrives as a report of non-delivery
    }
  }
  return Object.entries(status ?? {})
    .filter(([, one]) => one.delivered === "no" || /^5\d\d/.test(one.smtpReply))
    .map(([address, one]) => ({ address, reason: one.smtpReply }));
}

/** Nobody accepted it: a copy among the sent messages would be a lie. */
async function takeBack({ connection, accountId, draftsId }: SendContext, id: Id): Promise<void> {
  await connection.call("Email/set", {
    accountId,
    update: { [id]: { mailboxIds: { [draftsId]: true }, "keywords/$draft": true } },
  });
}
