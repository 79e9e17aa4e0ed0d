import { expect, test } from "vitest";
import { Push } from "../../../web/src/lib/jmap/push.ts";
import type { Session } from "../../../web/src/lib/jmap/types.ts";

class ScriptedSource extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  readyState = 0;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
  }
  close() {
    this.isClosed = true;
  }
}

function start() {
  const sources: ScriptedSource[] = [];
  const timers: (() => void)[] = [];
  const seen: unknown[] = [];
  let opened = 0;
  let refused = 0;
  const push = new Push({
    createEventSource: (url) => {
      const source = new ScriptedSource(url);
      sources.push(source);
      return source as unknown as EventSource;
    },
    onChange: (changed) => seen.push(changed),
    onOpen: () => opened++,
    onRefused: () => refused++,
    setTimer: (run) => timers.push(run),
    clearTimer: () => undefined,
  });
  push.start(
    { eventSourceUrl: "/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}" } as Session,
  );
  return { push, sources, timers, seen, opened: () => opened, refused: () => refused };
}

test("a state change is handed on by account and type", () => {
  const { sources, seen } = start();
  expect(sources[0]?.url).toBe(
    "/jmap/eventsource?types=Mailbox%2CEmail%2CEmailSubmission&closeafter=no&ping=30",
  );
  const data = JSON.stringify({ "@type": "StateChange", changed: { "a@b.test": { Email: "7" } } });
  sources[0]?.dispatchEvent(new MessageEvent("state", { data }));
  expect(seen).toEqual([{ "a@b.test": { Email: "7" } }]);
});

test("after an error the stream is opened again, and its opening asks what was missed", () => {
  const { sources, timers, opened } = start();
  sources[0]?.onopen?.();
  sources[0]?.onerror?.();
  expect(sources[0]?.isClosed).toBe(true);
  timers.at(-1)?.();
  sources[1]?.onopen?.();
  expect(opened()).toBe(2);
});

test("a stream whose pings stay away is opened again", () => {
  const { sources, timers } = start();
  sources[0]?.onopen?.();
  const watchdog = timers.at(-1);
  watchdog?.();
  timers.at(-1)?.();
  expect(sources).toHaveLength(2);
});

test("a stream that is refused says so, one whose line breaks does not", () => {
  const { sources, timers, refused } = start();
  sources[0]?.onopen?.();
  sources[0]?.onerror?.();
  expect(refused()).toBe(0);
  timers.at(-1)?.();
  Object.assign(sources[1] ?? {}, { readyState: 2 });
  sources[1]?.onerror?.();
  expect(refused()).toBe(1);
});
