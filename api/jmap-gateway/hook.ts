/**
 * The mail server asks before it queues what a box submits (Stalwart's MTA hook, stage DATA): the last place where a
 * second sending of the same message can be stopped. Anything but our answer is "later" to the sender: nothing is lost.
 */
import { isSameSecret } from "../http/same-secret.ts";
import {
  acceptSubmission,
  alreadyAccepted,
  deferForRoom,
  deferSubmission,
  type HookAnswer,
  refuseSubmission,
  type SubmissionHook,
} from "../mail-server/mod.ts";
import type { Handovers } from "./handovers.ts";
import type { Ledger } from "./ledger.ts";

/** Compares the Bearer secret in a time that does not tell how much of it was right. No secret configured: never. */
export function isHookSecret(authorization: string | undefined, secret: string | null): boolean {
  const scheme = "Bearer ";
  return authorization?.startsWith(scheme) === true &&
    isSameSecret(authorization.slice(scheme.length), secret);
}

/**
 * Decides on one submission. Standard clients (SMTP, by the edge) keep no ledger: they may send one Message-ID in several
 * envelopes. What the edge itself hands over twice is known again.
 */
export async function answerHook(hook: SubmissionHook, ledger: Ledger & Handovers): Promise<HookAnswer> {
  const { box, messageId, queueId, recipients, via } = hook;
  if (via === "smtp") return await answerEdge(hook, ledger);
  if (messageId === undefined) return acceptSubmission();
  switch (await ledger.admit({ box, messageId, queueId, recipients })) {
    case "accept":
      return acceptSubmission();
    case "already-accepted":
      return alreadyAccepted();
    case "wait":
      return deferSubmission("This message is being sent already; try again later.");
    case "unknown":
      return refuseSubmission("This message may have been sent before; it is not sent again by itself.");
  }
}

/** Decides on one recipient of a mail from the border. What cannot be asked is let in: it waits in the queue for room then. */
export async function answerRecipient(
  recipient: string | undefined,
  hasRoom: (address: string) => Promise<boolean>,
): Promise<HookAnswer> {
  const isFull = recipient !== undefined && !(await hasRoom(recipient).catch(() => true));
  return isFull ? deferForRoom() : acceptSubmission();
}

async function answerEdge(hook: SubmissionHook, handovers: Handovers): Promise<HookAnswer> {
  switch (await handovers.recognise(hook)) {
    case "first":
      return acceptSubmission();
    case "repeated":
      return alreadyAccepted();
    case "wait":
      return deferSubmission("This message is being delivered already; try again later.");
  }
}
