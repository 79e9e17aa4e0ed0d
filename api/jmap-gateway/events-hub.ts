/**
 * Who listens to which box. A listener is a browser's EventSource or WebSocket; it hears the boxes its person had when
 * it came, and is closed as soon as that is no longer so: the session ended, a right ended, a box was suspended. The
 * browser then reconnects with what is left. Nothing is kept for a listener that does not read: it is dropped.
 */
import type { Box, PersonBoxes } from "./accounts.ts";
import { type BoxStreamOptions, openBoxStream, type TypeStates } from "./box-stream.ts";
import type { Upstream } from "./upstream.ts";

/** RFC 8620 §7.1. */
export interface StateChange {
  readonly "@type": "StateChange";
  readonly changed: Readonly<Record<string, TypeStates>>;
}

export interface Listener {
  readonly personId: string;
  readonly sessionId: string;
  readonly boxes: PersonBoxes;
  /** Data types it wants; `null` = all. */
  readonly types: ReadonlySet<string> | null;
  /** Must not throw and must not wait: a listener that cannot take it ends itself. */
  notify(change: StateChange): void;
  /** Its right has ended. */
  close(): void;
}

export interface Hub {
  /** Begins to hear; the returned function ends it. */
  listen(listener: Listener): () => void;
  /** Checks every listener's right now (also done every two seconds while anybody listens). */
  recheck(): Promise<void>;
  /** Ends the listeners of one session at once. */
  endSession(sessionId: string): void;
  /** Listeners, and streams open towards the mail server. */
  counts(): { readonly listeners: number; readonly streams: number };
  /** Ends everything. */
  stop(): void;
}

/** What the platform's tables say of the listeners' rights. */
export interface Rights {
  readonly openSessions: ReadonlySet<string>;
  /** Person id → ids of the boxes that person may open. */
  readonly boxes: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface HubOptions {
  readonly upstream: Upstream;
  readonly readRights: (sessionIds: readonly string[], personIds: readonly string[]) => Promise<Rights>;
  /** Below five seconds by the rule on suspension. */
  readonly recheckMs?: number;
  readonly backoffMs?: NonNullable<BoxStreamOptions["backoffMs"]>;
  readonly onTrouble?: (event: string) => void;
}

interface BoxEntry {
  readonly listeners: Set<Listener>;
  readonly end: () => void;
}

/** The part of a change that the listener asked for; undefined when none is. */
export function filterTypes(states: TypeStates, types: ReadonlySet<string> | null): TypeStates | undefined {
  if (types === null) return states;
  const wanted = Object.entries(states).filter(([type]) => types.has(type));
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted);
}

export function createHub(options: HubOptions): Hub {
  const { upstream, readRights, recheckMs = 2_000, backoffMs, onTrouble } = options;
  const boxes = new Map<string, BoxEntry>();
  const listeners = new Set<Listener>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let rechecking: Promise<void> | undefined;

  function join(box: Box, listener: Listener): void {
    const found = boxes.get(box.id);
    if (found !== undefined) {
      found.listeners.add(listener);
      return;
    }
    const heard = new Set([listener]);
    const { accountId } = box.session;
    const end = openBoxStream({
      upstream,
      box,
      ...(backoffMs === undefined ? {} : { backoffMs }),
      ...(onTrouble === undefined ? {} : { onTrouble }),
      onChange(states) {
        for (const one of [...heard]) {
          const wanted = filterTypes(states, one.types);
          if (wanted !== undefined) one.notify({ "@type": "StateChange", changed: { [accountId]: wanted } });
        }
      },
    });
    boxes.set(box.id, { listeners: heard, end });
  }

  function leave(listener: Listener): void {
    if (!listeners.delete(listener)) return;
    for (const box of listener.boxes.byAccount.values()) {
      const entry = boxes.get(box.id);
      if (entry === undefined) continue;
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0) continue;
      entry.end();
      boxes.delete(box.id);
    }
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  }

  function end(listener: Listener): void {
    leave(listener);
    listener.close();
  }

  async function check(): Promise<void> {
    const all = [...listeners];
    if (all.length === 0) return;
    let rights: Rights;
    try {
      rights = await readRights(
        [...new Set(all.map((one) => one.sessionId))],
        [...new Set(all.map((one) => one.personId))],
      );
    } catch {
      // With the database away nothing can be decided; reading needs it too, so nothing new is shown meanwhile.
      onTrouble?.("rights-unknown");
      return;
    }
    for (const listener of all) {
      const own = rights.boxes.get(listener.personId);
      const isEntitled = rights.openSessions.has(listener.sessionId) && own !== undefined &&
        [...listener.boxes.byAccount.values()].every((box) => own.has(box.id));
      if (!isEntitled) end(listener);
    }
  }

  function recheck(): Promise<void> {
    rechecking ??= check().finally(() => {
      rechecking = undefined;
    });
    return rechecking;
  }

  return {
    listen(listener) {
      listeners.add(listener);
      for (const box of listener.boxes.byAccount.values()) join(box, listener);
      timer ??= setInterval(() => void recheck(), recheckMs);
      return () => leave(listener);
    },
    recheck,
    endSession(sessionId) {
      for (const listener of [...listeners]) if (listener.sessionId === sessionId) end(listener);
    },
    counts: () => ({ listeners: listeners.size, streams: boxes.size }),
    stop() {
      for (const listener of [...listeners]) end(listener);
    },
  };
}
