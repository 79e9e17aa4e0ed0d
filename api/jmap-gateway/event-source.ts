/** EventSource of the browser (RFC 8620 §7.3): a listener of the hub, written as Server-Sent Events. */
import type { PersonBoxes } from "./accounts.ts";
import { writeComment, writeEvent } from "./event-stream.ts";
import type { Hub } from "./events-hub.ts";

export interface EventSourceQuery {
  /** `null` = all types. */
  readonly types: ReadonlySet<string> | null;
  readonly closeAfterState: boolean;
  /** Seconds between pings; 0 = none. */
  readonly pingSeconds: number;
}

/** Below this a ping costs more than it tells; above, proxies cut the silence (RFC 8620 §7.3 lets us clamp). */
const shortestPing = 5, longestPing = 300;

/** Reads the query of RFC 8620 §7.3; undefined when it is malformed. */
export function readEventSourceQuery(parameters: URLSearchParams): EventSourceQuery | undefined {
  const types = parameters.get("types") ?? "*";
  const closeAfter = parameters.get("closeafter") ?? "no";
  const ping = parameters.get("ping") ?? "0";
  if (
    !/^(\*|[A-Za-z]+(,[A-Za-z]+)*)$/.test(types) || !/^(state|no)$/.test(closeAfter) ||
    !/^[0-9]{1,9}$/.test(ping)
  ) {
    return undefined;
  }
  const seconds = Number(ping);
  return {
    types: types === "*" ? null : new Set(types.split(",")),
    closeAfterState: closeAfter === "state",
    pingSeconds: seconds === 0 ? 0 : Math.min(longestPing, Math.max(shortestPing, seconds)),
  };
}

/** What may wait for a browser that does not read; a StateChange is some hundred bytes. */
const maxWaitingBytes = 64 * 1024;

export interface Speaker {
  readonly personId: string;
  readonly sessionId: string;
  readonly boxes: PersonBoxes;
}

/** Opens the stream. It ends when the browser goes, when its right ends, or when it does not keep up. */
export function openEventSource(
  speaker: Speaker,
  query: EventSourceQuery,
  hub: Hub,
  signal: AbortSignal,
): Response {
  let leave = () => {};
  let timer: ReturnType<typeof setInterval> | undefined;
  let isOver = false;
  let controller!: ReadableStreamDefaultController<Uint8Array>;

  function finish(): void {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    leave();
    signal.removeEventListener("abort", finish);
    try {
      controller.close();
    } catch {
      // The browser was faster.
    }
  }

  function send(bytes: Uint8Array): void {
    if (isOver) return;
    if ((controller.desiredSize ?? 0) < bytes.length) return finish();
    controller.enqueue(bytes);
  }

  const body = new ReadableStream<Uint8Array>({
    start(opened) {
      controller = opened;
      send(writeComment("open"));
      leave = hub.listen({
        ...speaker,
        types: query.types,
        notify(change) {
          send(writeEvent("state", change));
          if (query.closeAfterState) finish();
        },
        close: finish,
      });
      if (query.pingSeconds > 0) {
        const ping = writeEvent("ping", { interval: query.pingSeconds });
        timer = setInterval(() => send(ping), query.pingSeconds * 1000);
      }
      signal.addEventListener("abort", finish, { once: true });
    },
    cancel: finish,
  }, new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }));

  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}
