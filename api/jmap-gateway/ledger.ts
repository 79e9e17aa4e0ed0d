/**
 * The ledger of submissions: what makes a repeated send harmless.
 *
 * A row (box, Message-ID) is written before the submission leaves for the mail server. When the answer is lost (the
 * connection broke, one of the processes was killed) nobody knows whether the message went; a repeat of the same
 * Message-ID finds the row, asks the mail server, and only forwards again what the mail server proves never to have
 * accepted. An attempt that may still be under way is waited for: the person is told to come back.
 */
import { inPerson, inSystem } from "../database/in-tenant.ts";
import type { HasDatabase } from "../database/in-tenant.ts";
import type { MailServer } from "../mail-server/mod.ts";
import type { Box } from "./accounts.ts";
import {
  findSubmissionByAddress,
  findSubmissionRow,
  insertSubmission,
  releaseSubmissions,
  takeOverSubmission,
  updateSubmission,
  updateSubmissionSeen,
} from "./queries.ts";

/** What to do with a submission: send it, answer that it was sent already, or ask to come back. */
export type Claim =
  | { readonly kind: "forward" }
  | { readonly kind: "already-sent"; readonly answer: Record<string, unknown> }
  | { readonly kind: "outcome-unknown"; readonly retryAfterSeconds: number };

export interface Attempt {
  readonly personId: string;
  readonly box: Box;
  /** Without angle brackets; `blob:…` for a message that has none of its own. */
  readonly messageId: string;
}

/** A submission of a box on its way into the mail server's queue. */
export interface HookedSubmission {
  readonly box: string;
  readonly messageId: string;
  readonly queueId: string;
  readonly recipients: readonly string[];
}

/** `already-accepted`: it stands in the queue, or has left, from the first attempt. `wait`: nobody knows yet. */
export type Admission = "accept" | "already-accepted" | "wait" | "unknown";

export interface Ledger {
  claim(attempt: Attempt, recipients: readonly string[]): Promise<Claim>;
  /** The mail server took the message; `answer` holds what the client was told (ids, no content). */
  accepted(attempt: Attempt, answer: Record<string, unknown>): Promise<void>;
  /** The mail server refused it: it may be sent again. */
  refused(attempt: Attempt): Promise<void>;
  /** No answer came: the next attempt looks before it sends. */
  lost(attempt: Attempt): Promise<void>;
  /** Submissions taken back before they left. */
  canceled(personId: string, box: Box, submissionIds: readonly string[]): Promise<void>;
  /** The mail server's hook asks: may this submission enter the queue? */
  admit(submission: HookedSubmission): Promise<Admission>;
}

/** An attempt nobody has closed may still be under way this long: the gateway's own timeout and some air. */
const underWayMs = 40_000;
/** A connection that broke leaves the mail server this long to finish what it had begun. */
const settleMs = 4_000;

export interface LedgerOptions extends HasDatabase {
  readonly mailServer: Pick<MailServer, "findSubmission" | "differences">;
  readonly now: () => Date;
}

export function createLedger({ db, mailServer, now }: LedgerOptions): Ledger {
  const ctx = { db };
  const hasHook = !mailServer.differences.some(({ id }) => id === "submission-hook");
  /** Attempts of this process that wait for the mail server's answer. */
  const underWay = new Set<string>();
  const keyOf = ({ box, messageId }: Attempt) => `${box.id}\n${messageId}`;

  async function close(
    attempt: Attempt,
    state: "accepted" | "refused",
    answer: Record<string, unknown> | null,
  ) {
    underWay.delete(keyOf(attempt));
    await inPerson(
      ctx,
      attempt.personId,
      (tx) => updateSubmission(tx, attempt.box, attempt.messageId, { state, answer, at: now() }),
    );
  }

  return {
    async claim(attempt, recipients) {
      const { personId, box, messageId } = attempt;
      const at = now();
      const existing = await inPerson(ctx, personId, async (tx) => {
        if (await insertSubmission(tx, box, messageId, at)) return undefined;
        return await findSubmissionRow(tx, box, messageId);
      });
      if (existing === undefined) {
        underWay.add(keyOf(attempt));
        return { kind: "forward" };
      }
      if (existing.state === "accepted") return { kind: "already-sent", answer: existing.answer ?? {} };

      const isLost = existing.answer?.lost === true;
      const waitMs = existing.updated_at.getTime() + (isLost ? settleMs : underWayMs) - at.getTime();
      const isUnderWay = underWay.has(keyOf(attempt)) || waitMs > 0;
      const comeBack: Claim = {
        kind: "outcome-unknown",
        retryAfterSeconds: Math.max(1, Math.ceil(Math.min(waitMs, underWayMs) / 1000)),
      };
      if (messageId.startsWith("blob:")) return comeBack;
      // A server with a hook asks us before it queues anything: a row it never touched was never queued.
      const trace = existing.state === "forwarded" && hasHook
        ? "absent"
        : await mailServer.findSubmission(box.address, messageId, existing.created_at, recipients);
      if (trace === "accepted") {
        // The EmailSubmission's own id is not known here; an answer without it says "sent" all the same.
        await close(attempt, "accepted", {});
        return { kind: "already-sent", answer: {} };
      }
      if (trace === "unknown" || isUnderWay) return comeBack;
      const taken = await inPerson(
        ctx,
        personId,
        (tx) => takeOverSubmission(tx, box, messageId, existing.updated_at, at),
      );
      if (!taken) return comeBack;
      underWay.add(keyOf(attempt));
      return { kind: "forward" };
    },

    accepted: (attempt, answer) => close(attempt, "accepted", answer),
    refused: (attempt) => close(attempt, "refused", null),

    async lost(attempt) {
      underWay.delete(keyOf(attempt));
      await inPerson(
        ctx,
        attempt.personId,
        (tx) => updateSubmission(tx, attempt.box, attempt.messageId, { answer: { lost: true }, at: now() }),
      );
    },

    async canceled(personId, box, submissionIds) {
      if (submissionIds.length === 0) return;
      await inPerson(ctx, personId, (tx) => releaseSubmissions(tx, box, submissionIds, now()));
    },

    async admit({ box, messageId, queueId, recipients }) {
      const at = now();
      const first = await inSystem(ctx, async (tx) => {
        const row = await findSubmissionByAddress(tx, box.toLowerCase(), messageId);
        const isFirst = row?.state === "forwarded" || (row?.state === "seen" && row.queueId === queueId);
        if (row !== undefined && isFirst) await updateSubmissionSeen(tx, row, messageId, queueId, at);
        return { row, isFirst };
      });
      // No row: not a submission of the gateway's ledger (a standard client, or a message without an id).
      if (first.row === undefined || first.isFirst) return "accept";
      const { state, createdAt, updatedAt } = first.row;
      if (state === "accepted") return "already-accepted";
      // A late straggler of an attempt whose end the client has been told: a new attempt makes the row `forwarded`.
      if (state === "refused") return "wait";
      if (at.getTime() - updatedAt.getTime() < underWayMs) return "wait";
      const trace = await mailServer.findSubmission(box, messageId, createdAt, recipients);
      if (trace !== "absent") return trace === "accepted" ? "already-accepted" : "unknown";
      await inSystem(ctx, (tx) => updateSubmissionSeen(tx, first.row!, messageId, queueId, at));
      return "accept";
    },
  };
}
