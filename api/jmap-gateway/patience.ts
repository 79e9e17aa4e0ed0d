/**
 * How long an exchange may take, and what ends it before. One timer serves all of them: a timer and a signal of its own cost
 * a short call more than reading its request does, and nobody needs thirty seconds to be exact.
 */

export interface WatchOptions {
  /** Ends the exchange, e.g. when the client has gone; also while the answer's body flows. */
  readonly signal?: AbortSignal;
  /** The same, but asked for after a second only: to watch a client costs more than a short call. */
  readonly whenSlow?: () => AbortSignal;
  /** Until the answer's headers, in milliseconds; 0 = without end (uploads and event streams have their own). */
  readonly timeoutMs: number;
}

const slowMs = 1_000;
/** A time may be over by this much before it is noticed. */
const tickMs = 250;

const waiting = new Set<Watch>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  for (const watch of waiting) watch.look();
  if (waiting.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/** Calls `end` when the exchange has taken too long, or when its client has gone. */
export class Watch {
  /** By the timer's count: to begin a watch asks for no time of day. The first look is its beginning. */
  #elapsedMs = -tickMs;
  #isSlow = false;
  #followed: AbortSignal[] = [];
  readonly #end: () => void;

  constructor(end: () => void, private readonly options: WatchOptions) {
    this.#end = () => end();
    if (options.signal !== undefined) this.#follow(options.signal);
    if (options.timeoutMs === 0) return;
    waiting.add(this);
    timer ??= setInterval(tick, tickMs);
  }

  #follow(signal: AbortSignal): void {
    if (signal.aborted) return this.#end();
    signal.addEventListener("abort", this.#end, { once: true });
    this.#followed.push(signal);
  }

  /** What the timer asks of each. */
  look(): void {
    this.#elapsedMs += tickMs;
    if (!this.#isSlow && this.#elapsedMs >= slowMs) {
      this.#isSlow = true;
      if (this.options.whenSlow !== undefined) this.#follow(this.options.whenSlow());
    }
    if (this.#elapsedMs < this.options.timeoutMs) return;
    this.settle();
    this.#end();
  }

  /** The answer is there: its time counts no more, its client still does. */
  settle(): void {
    waiting.delete(this);
  }

  /** The exchange is over. */
  forget(): void {
    waiting.delete(this);
    for (const signal of this.#followed) signal.removeEventListener("abort", this.#end);
  }
}
