/**
 * The mail of one signed-in person: his boxes, the list shown, live updates, and whether the mail server answers.
 * Made by the webmail's layout, thrown away at sign-out; never a module singleton.
 */
import { Connection } from "#lib/jmap/connection.ts";
import type { TransportError } from "#lib/jmap/errors.ts";
import { Push } from "#lib/jmap/push.ts";
import { coreLimits, gatewayAccount, gatewayLimits } from "#lib/jmap/session.ts";
import type { Session } from "#lib/jmap/types.ts";
import { Box } from "./box.svelte.ts";
import { MessageList } from "./message-list.svelte.ts";
import { toProblem } from "./problem.ts";
import type { BoxInfo, Id, Message } from "./types.ts";

/** `signed-out` needs the person; `unavailable` and `offline` mend themselves. */
export type MailStatus = "starting" | "ready" | "unavailable" | "offline" | "signed-out" | "failed";

export interface MailSessionOptions {
  readonly fetch: typeof fetch;
  readonly sessionUrl: string;
  readonly createEventSource: (url: string) => EventSource;
  /** Unread messages that came into an inbox. */
  readonly onArrived?: (box: Box, messages: readonly Message[]) => void;
  /** Ids of inboxes seen earlier, so that the first list needs no request for the folders first. */
  readonly rememberedInboxes?: Map<Id, Id>;
  readonly setTimer?: (run: () => void, milliseconds: number) => unknown;
}

export class MailSession {
  status = $state<MailStatus>("starting");
  boxes = $state.raw<readonly Box[]>([]);
  list = $state.raw<MessageList | undefined>(undefined);

  readonly #options: MailSessionOptions;
  readonly #connection: Connection;
  readonly #push: Push;
  #isStopped = false;
  #recovery: unknown;
  #failures = 0;
  #hasPushed = false;

  constructor(options: MailSessionOptions) {
    this.#options = options;
    this.#connection = new Connection({
      fetch: options.fetch,
      sessionUrl: options.sessionUrl,
      onTransport: (failure) => this.#onTransport(failure),
    });
    this.#push = new Push({
      createEventSource: options.createEventSource,
      onChange: (changed) => void this.#syncAll((box) => changed[box.info.id] !== undefined),
      // The first opening follows the first list closely, but not without a gap: mail may have come in between.
      onOpen: () => void this.#syncAll(() => true),
      // A page that is only looked at asks nothing: here it learns that its session was ended elsewhere.
      onRefused: () => void this.#connection.session(true).catch(() => undefined),
    });
  }

  /** Reads session, folders and the first list: two requests when the inbox is remembered, three otherwise. */
  async start(first: { accountId: Id | undefined; folderId: Id | undefined; search: string }): Promise<void> {
    try {
      const session = await this.#connection.session();
      this.#makeBoxes(session);
      const box = this.box(first.accountId) ?? this.boxes[0];
      const folders = this.boxes.map((one) => one.loadFolders());
      const known = box === undefined ? undefined : first.folderId ??
        (first.search === "" ? this.#options.rememberedInboxes?.get(box.info.id) : undefined);
      if (box !== undefined && known !== undefined && first.search === "") {
        void this.openList(box, known, "").show(0, 0);
      }
      const results = await Promise.allSettled(folders);
      const failed = results.find((one) => one.status === "rejected");
      if (failed !== undefined && results.every((one) => one.status === "rejected")) throw failed.reason;
      for (const one of this.boxes) {
        const inbox = one.folder("inbox");
        if (inbox !== undefined) this.#options.rememberedInboxes?.set(one.info.id, inbox.id);
      }
      this.status = "ready";
      this.#startPush(session);
    } catch (error) {
      const { code } = toProblem(error);
      if (code === "signed-out" || code === "unavailable" || code === "offline") this.#fail(code);
      else {
        this.status = "failed";
        this.#scheduleRecovery();
      }
    }
  }

  box(accountId: Id | undefined): Box | undefined {
    return this.boxes.find(({ info }) => info.id === accountId);
  }

  /** Shows a list; the same list again is kept with its place. */
  openList(box: Box, folderId: Id | undefined, search: string): MessageList {
    const { list } = this;
    if (
      list !== undefined && box.list === list && list.query.folderId === folderId &&
      list.query.search === search
    ) {
      return list;
    }
    for (const one of this.boxes) one.list = undefined;
    const opened = new MessageList(this.#connection, box.info.id, box.store, { folderId, search });
    box.list = opened;
    this.list = opened;
    return opened;
  }

  /** Asks again now: the person pressed a button, or the network is back. */
  async retry(): Promise<void> {
    if (this.#isStopped || this.status === "signed-out") return;
    try {
      const session = await this.#connection.session(true);
      this.#makeBoxes(session);
      await Promise.all(this.boxes.map((box) => box.loadFolders()));
      this.#failures = 0;
      this.status = "ready";
      this.#startPush(session);
      await this.list?.refresh();
    } catch (error) {
      const { code } = toProblem(error);
      if (code !== "signed-out") this.#scheduleRecovery();
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#push.stop();
    for (const box of this.boxes) box.store.clear();
    this.boxes = [];
    this.list = undefined;
  }

  /** Boxes keep their records when the session is read again; one that was withdrawn goes. */
  #makeBoxes(session: Session): void {
    const core = coreLimits(session);
    const limits = {
      maxObjectsInSet: core.maxObjectsInSet,
      maxAttachmentsBytes: Math.min(gatewayLimits(session).maxAttachmentsBytesPerMessage, core.maxSizeUpload),
    };
    const infos = boxInfos(session);
    const before = this.boxes;
    for (const box of before) {
      box.session = session;
      box.info = infos.find(({ id }) => id === box.info.id) ?? box.info;
    }
    if (before.length === infos.length && before.every(({ info }) => infos.includes(info))) return;
    const made = infos.map((info) =>
      before.find((box) => box.info === info) ?? new Box(info, this.#connection, session, limits)
    );
    // A person's own box before the shared ones, those before the delegated ones.
    const places = { holder: 0, member: 1, delegate: 2 };
    this.boxes = made.toSorted((a, b) => places[a.info.relation] - places[b.info.relation]);
  }

  #startPush(session: Session): void {
    if (this.#hasPushed || this.#isStopped || this.boxes.length === 0) return;
    this.#hasPushed = true;
    this.#push.start(session);
  }

  async #syncAll(which: (box: Box) => boolean): Promise<void> {
    if (this.status !== "ready") return;
    await Promise.all(
      this.boxes.filter(which).map(async (box) => {
        try {
          const { arrived } = await box.sync();
          const inboxId = box.folder("inbox")?.id ?? "";
          const unread = arrived.filter((one) =>
            one.mailboxIds[inboxId] === true && one.keywords["$seen"] !== true
          );
          if (unread.length > 0) this.#options.onArrived?.(box, unread);
        } catch {
          // A transport failure has set the status and recovery reads everything again; all else waits for the next event.
        }
      }),
    );
  }

  #onTransport(failure: TransportError | undefined): void {
    if (this.#isStopped) return;
    if (failure === undefined) return;
    const { code } = toProblem(failure);
    if (code === "signed-out" || code === "unavailable" || code === "offline") this.#fail(code);
  }

  #fail(code: "signed-out" | "unavailable" | "offline"): void {
    this.status = code;
    if (code === "signed-out") {
      this.#push.stop();
      this.#hasPushed = false;
    } else this.#scheduleRecovery();
  }

  #scheduleRecovery(): void {
    if (this.#recovery !== undefined || this.#isStopped) return;
    const pause = Math.min(10_000, 1000 * 1.6 ** this.#failures++);
    const run = () => {
      this.#recovery = undefined;
      void this.retry();
    };
    this.#recovery = this.#options.setTimer?.(run, pause) ?? setTimeout(run, pause);
  }
}

/** The person's boxes; where he may write on a box's behalf only, with his own address (RFC 5322 §3.6.2). */
function boxInfos(session: Session): BoxInfo[] {
  const infos = Object.keys(session.accounts).map((id) => ({ id, ...gatewayAccount(session, id) }));
  const own = infos.find(({ relation }) => relation === "holder")?.address;
  return infos.map((info) => info.rights.sendAs ? info : { ...info, sender: own });
}
