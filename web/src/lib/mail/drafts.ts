/**
 * Drafts on the server. An Email's text cannot change (RFC 8621 §4.6), so saving creates a new one and then destroys
 * the old: in that order, because a crash in between must leave two copies rather than none. Every version carries the
 * same Message-ID, by which a version whose answer was lost is found again.
 */
import { call, resultOf } from "#lib/jmap/call.ts";
import type { Connection } from "#lib/jmap/connection.ts";
import { SetFailure, unwrap } from "#lib/jmap/errors.ts";
import type { Email, SetResult } from "#lib/jmap/types.ts";
import { toProblem } from "./problem.ts";
import type { Attachment, EmailAddress, Id } from "./types.ts";

export interface DraftContent {
  readonly from: EmailAddress;
  /** Who sends it, where that is not the author (RFC 5322 §3.6.2). */
  readonly sender?: EmailAddress | undefined;
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly subject: string;
  /** Plain text, lines ended by \n. */
  readonly text: string;
  readonly attachments: readonly Attachment[];
  /** Without angle brackets; made by us, so that a send can be recognised. */
  readonly messageId: string;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
}

/** A fresh Message-ID in the sender's own domain (RFC 5322 §3.6.4). */
export function createMessageId(address: string): string {
  return `${crypto.randomUUID()}@${address.slice(address.lastIndexOf("@") + 1)}`;
}

/** The Email/set object of a draft. Empty fields are left out: both servers refuse an empty address list's header. */
export function toEmailObject(content: DraftContent, folderId: Id): Record<string, unknown> {
  const some = <T>(list: readonly T[]) => (list.length === 0 ? undefined : list);
  const object: Record<string, unknown> = {
    mailboxIds: { [folderId]: true },
    keywords: { $draft: true, $seen: true },
    from: [content.from],
    sender: content.sender === undefined ? undefined : [content.sender],
    to: some(content.to),
    cc: some(content.cc),
    bcc: some(content.bcc),
    subject: content.subject,
    messageId: [content.messageId],
    inReplyTo: some(content.inReplyTo),
    references: some(content.references),
    bodyValues: { text: { value: content.text } },
    textBody: [{ partId: "text", type: "text/plain" }],
    attachments: some(content.attachments.map(({ blobId, name, type }) => ({
      blobId,
      name,
      type,
      disposition: "attachment",
    }))),
  };
  for (const name of Object.keys(object)) if (object[name] === undefined) delete object[name];
  return object;
}

/**
 * The id of a created message. Saved twice within a second without a change, it is the same message to the byte, and
 * Cyrus answers `alreadyExists` (RFC 8620 §5.4) with the id of the first. Throws SetFailure when there is none.
 */
export function createdId(answer: SetResult<Email>, key: string): Id {
  const id = answer.created?.[key]?.id;
  if (id !== undefined) return id;
  const error = answer.notCreated?.[key] ?? { type: "serverFail" };
  if (error.type === "alreadyExists" && typeof error["existingId"] === "string") return error["existingId"];
  throw new SetFailure(error);
}

/** Stalwart gives a message another id when its thread is joined to another; its blob's id stays. */
export type Found = Pick<Email, "id" | "blobId">;

/**
 * Messages of a folder that carry this Message-ID, newest first. Reads the folder's newest messages instead of
 * filtering by header: a header filter goes through the text index, which lags behind.
 */
export async function findByMessageId(
  connection: Connection,
  accountId: Id,
  folderId: Id,
  messageId: string,
): Promise<Found[]> {
  const [queried, got] = await connection.group(
    [
      call("Email/query", {
        accountId,
        filter: { inMailbox: folderId },
        sort: [{ property: "receivedAt", isAscending: false }],
        limit: 100,
      }),
      call("Email/get", {
        accountId,
        "#ids": resultOf(0, "Email/query", "/ids"),
        properties: ["id", "blobId", "messageId"],
      }),
    ] as const,
  );
  unwrap(queried);
  return unwrap(got).list.filter((one) => one.messageId?.includes(messageId));
}

/** Saves one draft again and again; calls are served one after the other. */
export class DraftSaver {
  readonly #connection: Connection;
  readonly #accountId: Id;
  readonly #folderId: Id;
  #copies: Id[];
  #isUnsure = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    connection: Connection,
    accountId: Id,
    folderId: Id,
    copies: readonly Id[] = [],
    isUnsure = false,
  ) {
    this.#connection = connection;
    this.#accountId = accountId;
    this.#folderId = folderId;
    this.#copies = [...copies];
    this.#isUnsure = isUnsure;
  }

  /** Copies on the server, newest first: more than one only while an old one could not be destroyed. */
  get copies(): readonly Id[] {
    return this.#copies;
  }

  /**
   * True while a copy may exist whose id is not known. A lost answer's copy may come to be after a look that did not find
   * it (a database that cannot end its commit still lets read), but not after a later write to the box, which waits its
   * turn: only a look behind such a write settles it.
   */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** Creates the new version, then destroys the old. Throws MailProblem; the old version is then still there. */
  save(content: DraftContent): Promise<Id> {
    return this.#inTurn(() => this.#save(content));
  }

  /** Destroys every copy. */
  discard(messageId: string): Promise<void> {
    return this.#inTurn(async () => {
      // Twice: the first round's write is what the second looks behind.
      for (let round = this.#isUnsure ? 2 : 1; round > 0; round--) {
        if (this.#isUnsure) {
          this.#know(await this.#find(messageId));
          await this.#forgetSent();
        }
        await this.#destroy(this.#copies);
      }
      this.#isUnsure = false;
    });
  }

  /** Runs something that must not overlap a save, such as sending. */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    return this.#inTurn(run);
  }

  /** Another writer made this copy (a send creates the last one): it is the newest now. */
  adopt(id: Id): void {
    this.#copies = [id, ...this.#copies.filter((one) => one !== id)];
  }

  /**
   * The newest copy became a sent message: only the older ones remain to be destroyed, and `lost` ones with them. False when
   * one of them is still there.
   */
  async settle(sentId: Id, lost: readonly Found[] = []): Promise<boolean> {
    this.#know(lost);
    this.#copies = this.#copies.filter((id) => id !== sentId);
    await this.#forgetSent();
    await this.#destroy(this.#copies);
    return this.#copies.length === 0;
  }

  markUnsure(): void {
    this.#isUnsure = true;
  }

  async #save(content: DraftContent): Promise<Id> {
    try {
      const answer = await this.#connection.call("Email/set", {
        accountId: this.#accountId,
        create: { draft: toEmailObject(content, this.#folderId) },
      });
      const id = createdId(answer, "draft");
      this.adopt(id);
      if (this.#isUnsure) {
        await this.#findLost(content.messageId, { id, blobId: answer.created?.["draft"]?.blobId });
      }
      await this.#destroy(this.#copies.slice(1));
      return this.#copies[0] ?? id;
    } catch (error) {
      const problem = toProblem(error);
      if (problem.mayHaveHappened) this.#isUnsure = true;
      throw problem;
    }
  }

  /**
   * Behind the write of a copy: whatever else carries our Message-ID came of a lost answer, and is older. Where the copy
   * itself is not among what is found, nothing is known, and nothing is old.
   */
  async #findLost(messageId: string, written: { id: Id; blobId: Id | undefined }): Promise<void> {
    const found = await this.#find(messageId);
    const own = found.find(({ id, blobId }) => id === written.id || blobId === written.blobId);
    if (own === undefined) return;
    this.#copies = this.#copies.filter((id) => id !== written.id);
    this.#know(found);
    await this.#forgetSent();
    this.adopt(own.id);
    this.#isUnsure = false;
  }

  #find(messageId: string): Promise<Found[]> {
    return findByMessageId(this.#connection, this.#accountId, this.#folderId, messageId);
  }

  #know(found: readonly Found[]): void {
    this.#copies = [...new Set([...this.#copies, ...found.map(({ id }) => id)])];
  }

  /**
   * Leaves of the copies what is a draft and nothing else: a lost answer may have been that of a sending. An id alone does not
   * tell, for Stalwart destroys a message by any id that it ever had, also the sent one by that of its draft.
   */
  async #forgetSent(): Promise<void> {
    if (this.#copies.length === 0) return;
    const { list } = await this.#connection.call("Email/get", {
      accountId: this.#accountId,
      ids: this.#copies,
      properties: ["id", "mailboxIds"],
    });
    const isDraft = ({ mailboxIds }: Pick<Email, "mailboxIds">) =>
      Object.keys(mailboxIds).every((folderId) => folderId === this.#folderId);
    const drafts = new Set(list.filter(isDraft).map(({ id }) => id));
    this.#copies = this.#copies.filter((id) => drafts.has(id));
  }

  /** A copy that cannot be destroyed now stays in the list for the next time. */
  async #destroy(ids: readonly Id[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      const answer = await this.#connection.call("Email/set", { accountId: this.#accountId, destroy: ids });
      const kept = Object.entries(answer.notDestroyed ?? {}).filter(([, { type }]) => type !== "notFound");
      const remaining = new Set(kept.map(([id]) => id));
      this.#copies = this.#copies.filter((id) => !ids.includes(id) || remaining.has(id));
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === "signed-out") throw problem;
      // The new version is safe; the old one is tried again with the next save.
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
