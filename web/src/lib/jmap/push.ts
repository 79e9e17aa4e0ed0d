/**
 * State changes by EventSource (RFC 8620 §7.3). Only ids of types arrive, never data; there are no event ids, so
 * after every (re)connection the listener asks for the changes itself.
 */
import { expandTemplate } from "./session.ts";
import type { Id, Session } from "./types.ts";

export interface PushOptions {
  readonly createEventSource: (url: string) => EventSource;
  /** What changed, by account and type name. */
  readonly onChange: (changed: Readonly<Record<Id, Readonly<Record<string, string>>>>) => void;
  /** The stream is open (again): anything may have changed meanwhile. */
  readonly onOpen: () => void;
  /** The stream was answered, and refused: the session may have ended. It is asked for again all the same. */
  readonly onRefused: () => void;
  readonly setTimer?: (run: () => void, milliseconds: number) => unknown;
  readonly clearTimer?: (timer: unknown) => void;
}

const pingSeconds = 30;

/** Keeps one event stream open: reconnects with growing pauses, and when pings stay away. */
export class Push {
  readonly #options: PushOptions;
  #source: EventSource | undefined;
  #timer: unknown;
  #watchdog: unknown;
  #failures = 0;
  #url = "";

  constructor(options: PushOptions) {
    this.#options = options;
  }

  start(session: Session): void {
    this.stop();
    this.#url = expandTemplate(session.eventSourceUrl, {
      types: "Mailbox,Email,EmailSubmission",
      closeafter: "no",
      ping: String(pingSeconds),
    });
    this.#connect();
  }

  stop(): void {
    this.#clear(this.#timer);
    this.#clear(this.#watchdog);
    this.#source?.close();
    this.#source = undefined;
  }

  #connect(): void {
    const source = this.#options.createEventSource(this.#url);
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.#watch();
      this.#options.onOpen();
    };
    source.onerror = () => {
      // Closed by itself: an answer that is no stream. A line that broke leaves it connecting.
      const isRefused = source.readyState === 2;
      this.#retry();
      if (isRefused) this.#options.onRefused();
    };
    source.addEventListener("ping", () => this.#watch());
    source.addEventListener("state", (event) => {
      this.#watch();
      const change = JSON.parse((event as MessageEvent<string>).data) as {
        changed?: Record<Id, Record<string, string>>;
      };
      if (change.changed !== undefined) this.#options.onChange(change.changed);
    });
  }

  /** Own retry: a browser gives up for good on a 503, and pauses a fixed time on all else. */
  #retry(): void {
    this.#source?.close();
    this.#clear(this.#watchdog);
    this.#clear(this.#timer);
    const pause = Math.min(30_000, 500 * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#timer = this.#set(() => this.#connect(), pause);
  }

  /** A connection that died without a word (sleep, roaming) is noticed by the missing ping. */
  #watch(): void {
    this.#clear(this.#watchdog);
    this.#watchdog = this.#set(() => this.#retry(), pingSeconds * 2500);
  }

  #set(run: () => void, milliseconds: number): unknown {
    return this.#options.setTimer?.(run, milliseconds) ?? setTimeout(run, milliseconds);
  }

  #clear(timer: unknown): void {
    if (timer === undefined) return;
    if (this.#options.clearTimer !== undefined) this.#options.clearTimer(timer);
    else clearTimeout(timer as number);
  }
}
