/** One box (BAL) of the person: its records and what can be asked of it. */
import type { Connection } from "#lib/jmap/connection.ts";
import { downloadUrl } from "#lib/jmap/session.ts";
import type { Identity, Session } from "#lib/jmap/types.ts";
import { type ActionTarget, destroyMessages, moveMessages, setKeyword } from "./actions.ts";
import { findByRole, type FolderRole } from "./folders.ts";
import type { MessageList } from "./message-list.svelte.ts";
import { MailProblem } from "./problem.ts";
import { readMessage } from "./read.ts";
import { BoxStore } from "./store.svelte.ts";
import { loadFolders, syncBox, type SyncOutcome } from "./sync.ts";
import {
  type Attachment,
  type BoxInfo,
  type Folder,
  type Id,
  keyword,
  type Message,
  type MessageContent,
} from "./types.ts";

export interface BoxLimits {
  readonly maxObjectsInSet: number;
  readonly maxAttachmentsBytes: number;
}

export class Box {
  /** Rights may change while the box is open. */
  info: BoxInfo;
  readonly store = new BoxStore();
  readonly connection: Connection;
  readonly limits: BoxLimits;
  session: Session;
  /** The list on the screen while this box is the one shown. */
  list: MessageList | undefined;
  #identity: Promise<Identity> | undefined;
  #syncing: Promise<SyncOutcome> | undefined;
  #mustSync = false;
  #owesSync = false;

  constructor(info: BoxInfo, connection: Connection, session: Session, limits: BoxLimits) {
    this.info = $state.raw(info);
    this.connection = connection;
    this.session = session;
    this.limits = limits;
  }

  folder(role: FolderRole): Folder | undefined {
    return findByRole(this.store.folders.values(), role);
  }

  loadFolders(): Promise<void> {
    return loadFolders(this.connection, this.info.id, this.store);
  }

  /** Brings records and list up to date; calls during a run join into one more run. */
  async sync(): Promise<SyncOutcome> {
    if (this.#syncing !== undefined) {
      this.#mustSync = true;
      return await this.#syncing;
    }
    this.#syncing = this.#run();
    return await this.#syncing;
  }

  async #run(): Promise<SyncOutcome> {
    const arrived: Message[] = [];
    let listsChanged = false;
    let isStale = false;
    try {
      do {
        this.#mustSync = false;
        const outcome = await syncBox(this.connection, this.info.id, this.store);
        arrived.push(...outcome.arrived);
        listsChanged ||= outcome.listsChanged;
        isStale = outcome.isStale;
      } while (this.#mustSync || (isStale && this.store.pending === 0));
    } finally {
      // Cleared here and not by the caller: what asks again in the same turn must start a run of its own.
      this.#syncing = undefined;
      this.#owesSync = isStale;
    }
    if (listsChanged) await this.list?.refresh();
    return { listsChanged, arrived, isStale };
  }

  /** Reads a message, from memory when it was open before. */
  async open(id: Id): Promise<MessageContent> {
    const held = this.store.contents.get(id);
    if (held !== undefined) return held;
    const { message, content } = await readMessage(this.connection, this.info.id, id);
    if (!this.store.messages.has(id)) this.store.putMessages([message]);
    this.store.putContent(content);
    return content;
  }

  /** The identity of the box's own address, whose id a submission needs (neither server lets a client make one). */
  identity(): Promise<Identity> {
    this.#identity ??= this.connection.call("Identity/get", { accountId: this.info.id, ids: null }).then(
      ({ list }) => {
        const own = list.find(({ email }) => email.toLowerCase() === this.info.address.toLowerCase()) ??
          list[0];
        if (own === undefined) throw new MailProblem("sender-refused");
        return own;
      },
    );
    this.#identity.catch(() => this.#identity = undefined);
    return this.#identity;
  }

  urlOf(attachment: Attachment, fallbackName: string): string {
    return downloadUrl(this.session, this.info.id, {
      blobId: attachment.blobId,
      name: attachment.name === "" ? fallbackName : attachment.name,
      type: attachment.type,
    });
  }

  mark(ids: readonly Id[], name: keyof typeof keyword, isOn: boolean): Promise<void> {
    // Reading a mail of a box that may only be read leaves no mark, and is no failure.
    if (name === "seen" && !this.info.rights.write) return Promise.resolve();
    return setKeyword(this.#target(), ids, keyword[name], isOn);
  }

  /** Moves out of the folder shown; from a search over all folders, out of every folder. */
  move(ids: readonly Id[], to: Id): Promise<() => Promise<void>> {
    return moveMessages(this.#target(), ids, this.list?.query.folderId, to);
  }

  destroy(ids: readonly Id[]): Promise<void> {
    return destroyMessages(this.#target(), ids);
  }

  #target(): ActionTarget {
    return {
      connection: this.connection,
      accountId: this.info.id,
      store: this.store,
      list: this.list,
      maxObjectsInSet: this.limits.maxObjectsInSet,
      onSettled: () => {
        if (this.#owesSync && this.store.pending === 0) this.sync().catch(() => undefined); // the status bar tells
      },
    };
  }
}
