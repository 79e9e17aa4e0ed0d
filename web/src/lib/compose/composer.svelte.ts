/** One message being written: its fields, its two copies (this machine at once, the server a little later), its sending. */
import { ApiProblem } from "#lib/api/api-problem.ts";
import { checkRecipients, type RecipientStatus } from "#lib/api/recipients.ts";
import type { Box } from "#lib/mail/box.svelte.ts";
import { createMessageId, type DraftContent, type DraftSaver } from "#lib/mail/drafts.ts";
import { createDraftSaver, sendFrom } from "#lib/mail/outbox.ts";
import { MailProblem, type RefusedRecipient, toProblem } from "#lib/mail/problem.ts";
import type { EmailAddress } from "#lib/mail/types.ts";
import { isAddress } from "./address.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { DraftStart } from "./reply.ts";
import { Uploads } from "./uploads.svelte.ts";

/** `local`: only this machine has the last words. */
export type SaveState = "untouched" | "local" | "saving" | "saved";

export interface ComposerOptions {
  readonly box: Box;
  readonly personId: string;
  readonly senderName: string;
  readonly journal: Journal;
  readonly fetch: typeof fetch;
  readonly start: DraftStart | JournalEntry;
  readonly answered?: JournalEntry["answered"];
  /** A draft taken from the server: its ids and its Message-ID. */
  readonly copies?: readonly string[];
  readonly messageId?: string;
}

const serverPauseMilliseconds = 2000;
const localPauseMilliseconds = 200;

export class Composer {
  readonly key: string;
  readonly box: Box;
  readonly uploads: Uploads;
  readonly isRecovered: boolean;
  readonly answered: JournalEntry["answered"];
  to = $state<EmailAddress[]>([]);
  cc = $state<EmailAddress[]>([]);
  bcc = $state<EmailAddress[]>([]);
  subject = $state("");
  text = $state("");
  isMinimised = $state(false);
  saveState = $state<SaveState>("untouched");
  isSending = $state(false);
  problem = $state<MailProblem | undefined>(undefined);
  /** What is known of each address, by lower-case address. */
  statuses = $state.raw<ReadonlyMap<string, RecipientStatus>>(new Map());

  readonly #options: ComposerOptions;
  readonly #saver: DraftSaver;
  readonly #inReplyTo: readonly string[];
  readonly #references: readonly string[];
  #messageId: string;
  #mayBeSent: boolean;
  #version = 0;
  #savedVersion = 0;
  #localTimer: ReturnType<typeof setTimeout> | undefined;
  #serverTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: ComposerOptions) {
    const { box, start } = options;
    const entry = "key" in start ? start : undefined;
    this.#options = options;
    this.box = box;
    this.key = entry?.key ?? crypto.randomUUID();
    this.isRecovered = entry !== undefined;
    this.answered = entry?.answered ?? options.answered;
    this.to = [...start.to];
    this.cc = [...start.cc];
    this.bcc = [...start.bcc];
    this.subject = start.subject;
    this.text = start.text;
    this.#inReplyTo = start.inReplyTo;
    this.#references = start.references;
    this.#messageId = entry?.messageId ?? options.messageId ?? createMessageId(box.info.address);
    this.#mayBeSent = entry?.mayBeSent ?? false;
    this.#saver = createDraftSaver(box, entry?.copies ?? options.copies ?? [], entry?.isUnsure ?? false);
    this.uploads = new Uploads(box, "files" in start ? start.files : start.attachments);
    if (entry !== undefined) {
      this.#version = 1;
      this.saveState = "local";
      this.#scheduleServer();
    }
  }

  get hasUnsavedWords(): boolean {
    return this.#version !== this.#savedVersion;
  }

  /** Ids of this draft's versions on the server. */
  get copies(): readonly string[] {
    return this.#saver.copies;
  }

  get isEmpty(): boolean {
    const addresses = this.to.length + this.cc.length + this.bcc.length;
    return addresses === 0 && this.subject.trim() === "" && this.text.trim() === "" &&
      this.uploads.list.length === 0;
  }

  get recipients(): EmailAddress[] {
    return [...this.to, ...this.cc, ...this.bcc];
  }

  /** The person changed something. */
  touched(): void {
    if (this.#isClosed) return;
    this.#version++;
    this.saveState = "local";
    clearTimeout(this.#localTimer);
    this.#localTimer = setTimeout(() => void this.writeJournal(), localPauseMilliseconds);
    this.#scheduleServer();
  }

  /** Writes the copy on this machine now. */
  async writeJournal(): Promise<void> {
    clearTimeout(this.#localTimer);
    if (this.#isClosed) return;
    const entry: JournalEntry = $state.snapshot({
      key: this.key,
      personId: this.#options.personId,
      accountId: this.box.info.id,
      to: this.to,
      cc: this.cc,
      bcc: this.bcc,
      subject: this.subject,
      text: this.text,
      files: [],
      messageId: this.#messageId,
      inReplyTo: [...this.#inReplyTo],
      references: [...this.#references],
      copies: [...this.#saver.copies],
      isUnsure: this.#saver.isUnsure,
      mayBeSent: this.#mayBeSent,
      isSaved: !this.hasUnsavedWords,
      answered: this.answered,
      changedAt: Date.now(),
    }) as JournalEntry;
    const files = this.uploads.list.map(({ name, type, sizeBytes, blobId, file }) => ({
      name,
      type,
      sizeBytes,
      ...(blobId === undefined ? {} : { blobId }),
      // A file is kept until the server's draft holds it: an uploaded blob alone may be swept.
      ...(file === undefined || entry.isSaved ? {} : { file }),
    }));
    try {
      await this.#options.journal.put({ ...entry, files });
    } catch {
      // Storage refused (full, or private window): the server's copy remains, and the state line says where words are.
    }
  }

  /** Saves on the server now. Nothing is thrown: the state line tells, and the next change tries again. */
  async save(): Promise<boolean> {
    clearTimeout(this.#serverTimer);
    if (this.#isClosed || this.isSending || !this.hasUnsavedWords || this.isEmpty) {
      return !this.hasUnsavedWords;
    }
    const version = this.#version;
    this.saveState = "saving";
    try {
      await this.#saver.save(this.content());
      // A file still on its way is not in this copy: the draft is whole only when it is.
      if (this.uploads.isReady) this.#savedVersion = version;
      this.saveState = this.hasUnsavedWords ? "local" : "saved";
    } catch (error) {
      this.saveState = "local";
      if (!["signed-out"].includes(toProblem(error).code)) this.#scheduleServer(15_000);
    }
    await this.writeJournal();
    return !this.hasUnsavedWords;
  }

  /** Asks which addresses can be written to; without an answer the gateway's own check at sending decides. */
  async checkRecipients(): Promise<readonly RefusedRecipient[]> {
    const unknown = this.recipients.map(({ email }) => email)
      .filter((email) => isAddress(email) && !this.statuses.has(email.toLowerCase()));
    if (unknown.length > 0) {
      try {
        const found = await checkRecipients(this.#options.fetch, unknown);
        this.statuses = new Map([...this.statuses, ...found]);
      } catch (error) {
        if (error instanceof ApiProblem && error.slug === "sign-in-required") {
          throw new MailProblem("signed-out");
        }
      }
    }
    return this.recipients.flatMap(({ email }) => {
      const status = isAddress(email) ? this.statuses.get(email.toLowerCase()) : "invalid";
      const isRefused = status === "invalid" || status === "no-such-mailbox" ||
        status === "not-in-trust-space";
      return isRefused ? [{ address: email, reason: status }] : [];
    });
  }

  /** Sends; true when it is gone. Otherwise `problem` says why, and every word is still here. */
  async send(): Promise<readonly RefusedRecipient[] | undefined> {
    this.problem = undefined;
    this.isSending = true;
    clearTimeout(this.#serverTimer);
    await this.writeJournal();
    try {
      const refused = await this.checkRecipients();
      if (refused.length > 0) throw new MailProblem("recipients-refused", { recipients: refused });
      const savedCopy = () => (this.hasUnsavedWords ? undefined : this.#saver.copies[0]);
      const outcome = await sendFrom(this.box, this.content(), this.#saver, this.#mayBeSent, savedCopy);
      await this.#forget();
      return outcome.refused;
    } catch (error) {
      const problem = toProblem(error);
      this.problem = problem;
      this.#mayBeSent = problem.mayHaveHappened;
      this.isSending = false;
      // The gateway counts a Message-ID that was accepted and then refused by every server as used.
      if (
        problem.code === "recipients-refused" && !problem.recipients.some(({ reason }) => isOurReason(reason))
      ) {
        this.#messageId = createMessageId(this.box.info.address);
      }
      this.#version++;
      await this.writeJournal();
      return undefined;
    }
  }

  /** Throws the draft away, here and on the server. */
  async discard(): Promise<void> {
    await this.#forget();
    await this.#saver.discard(this.#messageId);
  }

  /** Puts the draft aside; false when the server does not have its last words yet, and it must stay. */
  async close(): Promise<boolean> {
    if (this.isEmpty) await this.discard().catch(() => undefined); // an empty copy left behind does no harm
    else if (!await this.save()) return false;
    else await this.#forget();
    return true;
  }

  /** Leaves the screen without a word to the server: the journal has it. */
  detach(): void {
    clearTimeout(this.#localTimer);
    clearTimeout(this.#serverTimer);
    this.uploads.stop();
    this.#isClosed = true;
  }

  content(): DraftContent {
    const address = this.box.info.address;
    const { displayName, relation, sender } = this.box.info;
    // The server refuses a whole draft for one half-typed address: those stay in the copy on this machine.
    const complete = (list: readonly EmailAddress[]) =>
      $state.snapshot(list).filter(({ email }) => isAddress(email));
    const name = relation === "holder" ? this.#options.senderName : displayName;
    return {
      from: { name: name === address ? null : name, email: address },
      ...(sender === undefined ? {} : { sender: { name: this.#options.senderName, email: sender } }),
      to: complete(this.to),
      cc: complete(this.cc),
      bcc: complete(this.bcc),
      subject: this.subject,
      text: this.text,
      attachments: this.uploads.attachments,
      messageId: this.#messageId,
      inReplyTo: this.#inReplyTo,
      references: this.#references,
    };
  }

  async #forget(): Promise<void> {
    this.detach();
    await this.#options.journal.remove(this.key).catch(() => undefined); // nothing was kept, nothing to forget
  }

  #scheduleServer(pause = serverPauseMilliseconds): void {
    clearTimeout(this.#serverTimer);
    this.#serverTimer = setTimeout(() => void this.save(), pause);
  }
}

/** Reasons that the platform gives before anything is accepted. */
function isOurReason(reason: string): boolean {
  return ["invalid", "no-such-mailbox", "not-in-trust-space"].includes(reason);
}
