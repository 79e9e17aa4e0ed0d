/** Brings one box up to date by its state strings (RFC 8620 §5.2); on any doubt the records are dropped and read again. */
import { call, resultOf } from "#lib/jmap/call.ts";
import type { Connection } from "#lib/jmap/connection.ts";
import { MethodError, unwrap } from "#lib/jmap/errors.ts";
import type { BoxStore } from "./store.svelte.ts";
import { type Id, type Message, messageProperties } from "./types.ts";

const maxChanges = 100;

export interface SyncOutcome {
  /** Lists must ask for their window again. */
  readonly listsChanged: boolean;
  /** Messages that came in since, newest last. */
  readonly arrived: readonly Message[];
  /** The answer was older than a change made here and was thrown away: ask again when that change has ended. */
  readonly isStale: boolean;
}

const unchanged: SyncOutcome = { listsChanged: false, arrived: [], isStale: false };
const reloaded: SyncOutcome = { listsChanged: true, arrived: [], isStale: false };

/** Reads all folders of a box. */
export async function loadFolders(connection: Connection, accountId: Id, store: BoxStore): Promise<void> {
  const answer = await connection.call("Mailbox/get", { accountId, ids: null });
  store.putFolders(answer.list, answer.state, true);
}

/**
 * One request: folders changed, messages changed, and what became of them. Folder counts are read with every change
 * of messages, because a delivery at Cyrus announces only `Email`.
 */
export async function syncBox(connection: Connection, accountId: Id, store: BoxStore): Promise<SyncOutcome> {
  if (store.folderState === undefined || store.emailState === undefined) {
    await loadFolders(connection, accountId, store);
    return reloaded;
  }
  const epoch = store.epoch;
  const [folderChanges, folders, changes, created, updated] = await connection.group(
    [
      call("Mailbox/changes", { accountId, sinceState: store.folderState }),
      call("Mailbox/get", { accountId, ids: null }),
      call("Email/changes", { accountId, sinceState: store.emailState, maxChanges }),
      call("Email/get", {
        accountId,
        "#ids": resultOf(2, "Email/changes", "/created"),
        properties: messageProperties,
      }),
      call("Email/get", {
        accountId,
        "#ids": resultOf(2, "Email/changes", "/updated"),
        properties: ["id", "mailboxIds", "keywords"],
      }),
    ] as const,
    true,
  );
  // A count or flag that left the server before the last change made here would undo it on the screen.
  if (epoch !== store.epoch || store.pending > 0) return { ...unchanged, isStale: true };
  const allFolders = unwrap(folders);
  const foldersChanged = folderChanges instanceof MethodError ||
    folderChanges.newState !== store.folderState;
  if (foldersChanged) store.putFolders(allFolders.list, allFolders.state, true);
  if (changes instanceof MethodError) {
    if (changes.type !== "cannotCalculateChanges") throw changes;
    forget(store);
    return reloaded;
  }
  if (changes.newState === store.emailState) return unchanged;
  if (changes.hasMoreChanges || created instanceof MethodError || updated instanceof MethodError) {
    forget(store);
    return reloaded;
  }
  for (const id of changes.destroyed) {
    store.messages.delete(id);
    store.contents.delete(id);
  }
  store.putMessages(created.list as readonly Message[]);
  for (const { id, mailboxIds, keywords } of updated.list) {
    const held = store.messages.get(id);
    if (held !== undefined) store.messages.set(id, { ...held, mailboxIds, keywords });
  }
  store.emailState = changes.newState;
  return { ...reloaded, arrived: created.list as readonly Message[] };
}

/** Drops what may be stale; the opened bodies stay, a message never changes its text. */
function forget(store: BoxStore): void {
  store.messages.clear();
  store.emailState = undefined;
}
