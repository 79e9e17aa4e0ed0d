/**
 * One event stream from the mail server per box and process, however many browsers look at the box. It reconnects with
 * growing pauses; after each reconnection it asks for the box's present states and tells them, since what happened in
 * between was not heard (events carry no ids at either server).
 */
import type { Box } from "./accounts.ts";
import { eventSourceTarget } from "./blob-urls.ts";
import { readEvents } from "./event-stream.ts";
import { core, mail, submission } from "./methods.ts";
import { isObject } from "./request.ts";
import type { Upstream } from "./upstream.ts";

/** State per data type of one account (RFC 8620 §7.1). */
export type TypeStates = Readonly<Record<string, string>>;

/** The mail server pings this often; three times without a word and the stream is taken for dead. */
export const upstreamPingSeconds = 30;

export interface BoxStreamOptions {
  readonly upstream: Upstream;
  readonly box: Box;
  readonly onChange: (changed: TypeStates) => void;
  /** Pause before the n-th attempt in a row, in milliseconds. */
  readonly backoffMs?: (attempt: number) => number;
  readonly onTrouble?: (event: string) => void;
}

/** 0.25 s, doubling to 15 s, with a spread so that many boxes do not come at once. */
export function defaultBackoff(attempt: number): number {
  return Math.min(15_000, 250 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Begins listening; the returned function ends it. */
export function openBoxStream(options: BoxStreamOptions): () => void {
  const { upstream, box, onChange, backoffMs = defaultBackoff, onTrouble } = options;
  const ended = new AbortController();
  const { signal } = ended;

  /** States by asking: nothing is fetched, an empty list of ids still answers `state`. */
  async function readStates(): Promise<TypeStates> {
    const { accountId } = box.session;
    const types = ["Mailbox", "Thread", "Email", "EmailSubmission"];
    const body = JSON.stringify({
      using: [core, mail, submission],
      methodCalls: types.map((type) => [`${type}/get`, { accountId, ids: [] }, type]),
    });
    const { bytes } = await upstream.post(box.address, new TextEncoder().encode(body), { signal });
    const answer: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const states: Record<string, string> = {};
    if (!isObject(answer) || !Array.isArray(answer.methodResponses)) return states;
    for (const [name, args, type] of answer.methodResponses as [string, unknown, string][]) {
      if (name === `${type}/get` && isObject(args) && typeof args.state === "string") {
        states[type] = args.state;
      }
    }
    return states;
  }

  async function listen(): Promise<void> {
    let attempt = 0;
    let isFirst = true;
    while (!signal.aborted) {
      try {
        const response = await upstream.fetch(
          box.address,
          eventSourceTarget(upstream, box, upstreamPingSeconds),
          {
            headers: { accept: "text/event-stream" },
            signal,
          },
        );
        if (!response.ok || response.body === null) {
          await response.body?.cancel();
          throw new Error(`The mail server answers ${response.status}.`);
        }
        if (!isFirst) {
          const states = await readStates();
          if (Object.keys(states).length > 0) onChange(states);
        }
        isFirst = false;
        await readUntilSilent(response.body, () => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        isFirst = false;
        onTrouble?.(error instanceof Error ? error.name : "unknown");
      }
      await pause(backoffMs(attempt++), signal);
    }
  }

  async function readUntilSilent(body: ReadableStream<Uint8Array>, onWord: () => void): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watched = body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        start: watch,
        transform(chunk, controller) {
          watch(controller);
          controller.enqueue(chunk);
        },
      }),
    );
    function watch(controller: TransformStreamDefaultController<Uint8Array>): void {
      clearTimeout(timer);
      timer = setTimeout(
        () => controller.error(new Error("The mail server fell silent.")),
        3_000 * upstreamPingSeconds,
      );
    }
    try {
      for await (const { event, data } of readEvents(watched)) {
        onWord();
        if (event === "state") tell(data);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  function tell(data: string): void {
    let change: unknown;
    try {
      change = JSON.parse(data);
    } catch {
      return;
    }
    // The stream is the box's own identity: what it may say of other accounts is nobody's business here.
    const own = isObject(change) && isObject(change.changed)
      ? change.changed[box.session.accountId]
      : undefined;
    if (isObject(own)) onChange(own as TypeStates);
  }

  void listen();
  return () => ended.abort();
}
