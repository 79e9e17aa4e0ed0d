/**
 * The webmail's own writing and sending (web/src/lib/mail) for a person without a browser: what it does after a lost answer is
 * what is proved, not a likeness of it.
 */
import { Connection } from "../../../web/src/lib/jmap/connection.ts";
import { createMessageId, type DraftContent, DraftSaver } from "../../../web/src/lib/mail/drafts.ts";
import { MailProblem } from "../../../web/src/lib/mail/problem.ts";
import { sendDraft } from "../../../web/src/lib/mail/submission.ts";
import type { Box } from "./mail.ts";
import type { Visitor } from "./visitor.ts";

/** A letter that is being written. */
export interface Letter {
  readonly content: DraftContent;
  readonly saver: DraftSaver;
}

/** A part that is down is started again within seconds; a client that still fails after this has lost something. */
const patienceMilliseconds = 60_000;
const pauseMilliseconds = 100;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

export class WebmailClient {
  readonly #connection: Connection;
  #askedAt: number | undefined;

  constructor(visitor: Visitor, private readonly box: Box) {
    this.#connection = new Connection({
      fetch: async (input, init) => {
        this.#askedAt = performance.now();
        return await visitor.fetch(String(input), init).finally(() => this.#askedAt = undefined);
      },
      sessionUrl: "/jmap/session",
    });
  }

  /** Whether a request has been without an answer for so long. */
  waitsLongerThan(milliseconds: number): boolean {
    return this.#askedAt !== undefined && performance.now() - this.#askedAt > milliseconds;
  }

  write(to: string, subject: string): Letter {
    const content = {
      from: { name: null, email: this.box.address },
      to: [{ name: null, email: to }],
      cc: [],
      bcc: [],
      subject,
      text: "Bonjour,\nbien reçu.\n",
      attachments: [],
      messageId: createMessageId(this.box.address),
      inReplyTo: [],
      references: [],
    };
    return { content, saver: new DraftSaver(this.#connection, this.box.accountId, this.box.drafts) };
  }

  /** Saves, and again for as long as the webmail would. */
  async saveSurely({ content, saver }: Letter): Promise<void> {
    await this.#surely(() => saver.save(content));
  }

  /** Presses “send”, and again for as long as the webmail says “later”. */
  async sendSurely({ content, saver }: Letter): Promise<void> {
    const { accountId, identityId, drafts: draftsId, sent: sentId } = this.box;
    const context = { connection: this.#connection, accountId, identityId, draftsId, sentId, pause };
    await this.#surely((mayBeSent) => sendDraft(context, content, saver, mayBeSent));
  }

  async #surely(act: (mayHaveHappened: boolean) => Promise<unknown>): Promise<void> {
    const deadline = Date.now() + patienceMilliseconds;
    for (let mayHaveHappened = false;;) {
      try {
        await act(mayHaveHappened);
        return;
      } catch (error) {
        const isLater = error instanceof MailProblem &&
          ["offline", "unavailable", "busy", "outcome-unknown", "unexpected"].includes(error.code);
        if (!isLater || Date.now() > deadline) throw error;
        mayHaveHappened ||= error.mayHaveHappened;
        await pause(pauseMilliseconds);
      }
    }
  }
}
