/** The records of one box, by type and id: the only copy of the server's data. No request is made here. */
import { toFolder } from "./folders.ts";
import { Records } from "./records.svelte.ts";
import type { JmapMailbox } from "#lib/jmap/types.ts";
import type { Folder, Id, Message, MessageContent } from "./types.ts";

/** Opened bodies kept in memory: enough to go back and forth, little enough for a day-long tab. */
const keptContents = 40;

export class BoxStore {
  readonly folders = new Records<Folder>();
  readonly messages = new Records<Message>();
  readonly contents = new Records<MessageContent>();
  /** State strings of the records held, the base of the next /changes. */
  emailState: string | undefined;
  folderState: string | undefined;
  /** Grows with every change made here before the server knew: an older answer must not undo it. */
  epoch = 0;
  /** Changes under way. */
  pending = 0;

  putFolders(list: readonly JmapMailbox[], state: string, isAll: boolean): void {
    if (isAll) {
      const ids = new Set(list.map(({ id }) => id));
      for (const { id } of this.folders.values()) if (!ids.has(id)) this.folders.delete(id);
    }
    this.folders.setAll(list.map((mailbox) => [mailbox.id, toFolder(mailbox)] as const));
    this.folderState = state;
  }

  putMessages(list: readonly Message[]): void {
    this.messages.setAll(list.map((message) => [message.id, message] as const));
  }

  putContent(content: MessageContent): void {
    this.contents.set(content.id, content);
    for (const [id] of this.contents) {
      if (this.contents.size <= keptContents) break;
      this.contents.delete(id);
    }
  }

  /** Changes one message and the counts of its folders; the count of another folder than a message's own stays. */
  patchMessage(id: Id, change: Partial<Pick<Message, "keywords" | "mailboxIds">>): void {
    const before = this.messages.get(id);
    if (before === undefined) return;
    const after = { ...before, ...change };
    this.#count(before, -1);
    this.#count(after, 1);
    this.messages.set(id, after);
  }

  dropMessage(id: Id): void {
    const message = this.messages.get(id);
    if (message !== undefined) this.#count(message, -1);
    this.messages.delete(id);
    this.contents.delete(id);
  }

  clear(): void {
    this.folders.clear();
    this.messages.clear();
    this.contents.clear();
    this.emailState = undefined;
    this.folderState = undefined;
  }

  #count(message: Message, by: 1 | -1): void {
    const isUnread = message.keywords["$seen"] !== true;
    for (const folderId of Object.keys(message.mailboxIds)) {
      const folder = this.folders.get(folderId);
      if (folder === undefined) continue;
      this.folders.set(folderId, {
        ...folder,
        total: Math.max(0, folder.total + by),
        unread: Math.max(0, folder.unread + (isUnread ? by : 0)),
      });
    }
  }
}
