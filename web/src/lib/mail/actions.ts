/**
 * What a person does to messages. Each shows at once, tells the server, and is taken back when the server refuses.
 * Stays in view (read, star): the row is patched. Leaves view (archive, move, delete): the row goes and no late answer brings it back.
 */
import type { Connection } from "#lib/jmap/connection.ts";
import { SetFailure } from "#lib/jmap/errors.ts";
import { patchFlags } from "#lib/jmap/patch.ts";
import type { MessageList } from "./message-list.svelte.ts";
import { toProblem } from "./problem.ts";
import type { BoxStore } from "./store.svelte.ts";
import type { Id, Message } from "./types.ts";

export interface ActionTarget {
  readonly connection: Connection;
  readonly accountId: Id;
  readonly store: BoxStore;
  /** The list on the screen, which rows leave. */
  readonly list: MessageList | undefined;
  readonly maxObjectsInSet: number;
  /** The change has ended, well or badly. */
  readonly onSettled?: () => void;
}

type Flags = Pick<Message, "keywords" | "mailboxIds">;

/** Sets or clears a keyword. Throws MailProblem after taking the change back. */
export async function setKeyword(
  target: ActionTarget,
  ids: readonly Id[],
  name: string,
  isOn: boolean,
): Promise<void> {
  const changes = plan(target.store, ids, ({ keywords, mailboxIds }) => {
    const { [name]: _, ...others } = keywords;
    return { mailboxIds, keywords: isOn ? { ...others, [name]: true } : others };
  });
  await perform(target, changes);
}

/** Moves messages from a folder to another; returns how to undo it. Throws MailProblem after taking the move back. */
export async function moveMessages(
  target: ActionTarget,
  ids: readonly Id[],
  from: Id | undefined,
  to: Id,
): Promise<() => Promise<void>> {
  const changes = plan(target.store, ids, ({ keywords, mailboxIds }) => {
    const kept = from === undefined ? {} : { ...mailboxIds };
    if (from !== undefined) delete kept[from];
    return { keywords, mailboxIds: { ...kept, [to]: true } };
  });
  const leavesView = target.list?.query.folderId !== undefined && target.list.query.folderId !== to;
  const putBack = leavesView ? target.list?.remove(ids) : undefined;
  await perform(target, changes, putBack);
  return async () => {
    const back = changes.map(({ id, before, after }) => ({ id, before: after, after: before }));
    await perform(target, back);
    await target.list?.refresh();
  };
}

/** Destroys messages for good: only from the trash, and without undo. */
export async function destroyMessages(target: ActionTarget, ids: readonly Id[]): Promise<void> {
  const { store, connection, accountId } = target;
  const putBack = target.list?.remove(ids);
  const kept = ids.flatMap((id) => store.messages.get(id) ?? []);
  store.epoch++;
  store.pending++;
  for (const id of ids) store.dropMessage(id);
  try {
    for (const some of chunks(ids, target.maxObjectsInSet)) {
      const answer = await connection.call("Email/set", { accountId, destroy: some });
      const refused = Object.entries(answer.notDestroyed ?? {}).filter(([, error]) =>
        error.type !== "notFound"
      );
      if (refused[0] !== undefined) throw new SetFailure(refused[0][1]);
    }
  } catch (error) {
    store.putMessages(kept);
    putBack?.();
    throw toProblem(error);
  } finally {
    store.epoch++;
    store.pending--;
    void target.list?.refresh();
    target.onSettled?.();
  }
}

interface Change {
  readonly id: Id;
  readonly before: Flags;
  readonly after: Flags;
}

function plan(store: BoxStore, ids: readonly Id[], change: (flags: Flags) => Flags): Change[] {
  return ids.flatMap((id) => {
    const message = store.messages.get(id);
    if (message === undefined) return [];
    const before = { keywords: message.keywords, mailboxIds: message.mailboxIds };
    return [{ id, before, after: change(before) }];
  });
}

async function perform(
  target: ActionTarget,
  changes: readonly Change[],
  putBack?: () => void,
): Promise<void> {
  const { store, connection, accountId } = target;
  store.epoch++;
  store.pending++;
  for (const { id, after } of changes) store.patchMessage(id, after);
  const undone = new Set<Id>();
  const undo = ({ id, before }: Change) => {
    if (undone.has(id)) return;
    undone.add(id);
    store.patchMessage(id, before);
  };
  try {
    for (const some of chunks(changes, target.maxObjectsInSet)) {
      const update: Record<Id, unknown> = {};
      for (const { id, before, after } of some) {
        update[id] = {
          ...patchFlags("keywords", before.keywords, after.keywords),
          ...patchFlags("mailboxIds", before.mailboxIds, after.mailboxIds),
        };
      }
      const answer = await connection.call("Email/set", { accountId, update });
      if (answer.oldState !== null && answer.oldState === store.emailState) {
        store.emailState = answer.newState;
      }
      const refused = Object.entries(answer.notUpdated ?? {});
      for (const change of some) if (answer.notUpdated?.[change.id] !== undefined) undo(change);
      if (refused[0] !== undefined) throw new SetFailure(refused[0][1]);
    }
  } catch (error) {
    // The answer may be lost and the change made: the refresh below shows what the server holds.
    if (!(error instanceof SetFailure)) changes.forEach(undo);
    putBack?.();
    throw toProblem(error);
  } finally {
    store.epoch++;
    store.pending--;
    if (putBack !== undefined || undone.size > 0) void target.list?.refresh();
    target.onSettled?.();
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < all.length; start += size) parts.push(all.slice(start, start + size));
  return parts;
}
