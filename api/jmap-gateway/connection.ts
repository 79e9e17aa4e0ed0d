/** One TCP connection to the mail server, with the bytes that came and were not asked for yet. */
import { Buffer } from "node:buffer";

/** The connection broke, or what came is no HTTP. */
export class ExchangeBroken extends Error {
  override readonly name = "ExchangeBroken";
}

/** Room for the answer to the webmail's first list (some 30 KiB): such an answer is one read. */
const bufferBytes = 64 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/**
 * A kept connection always has a read under way, so that one which the server closes is dropped at that moment and never
 * written to. Its buffer is used again for every answer: memory taken anew for each costs more than the bytes' way through
 * it, most of it later, in collections of garbage.
 */
export class Connection {
  readonly #buffer = Buffer.alloc(bufferBytes);
  #start = 0;
  #end = 0;
  #pending: Promise<boolean> | undefined;
  isClosed = false;

  constructor(private readonly tcp: Deno.TcpConn, private readonly onEnd: (connection: Connection) => void) {
    tcp.setNoDelay(true);
    tcp.unref();
    this.watch();
  }

  /** Reads behind what there is, if no read is under way; false at the end. */
  #fill(): Promise<boolean> {
    return this.#pending ??= this.tcp.read(this.#buffer.subarray(this.#end)).catch(() => null).then(
      (count) => {
        this.#pending = undefined;
        if (count === null) {
          this.close();
          return false;
        }
        this.#end += count;
        return true;
      },
    );
  }

  /** Whether bytes came that nobody asked for, or the server has gone. */
  get isSpoilt(): boolean {
    return this.isClosed || this.#end > this.#start;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.tcp.write(bytes.subarray(at));
  }

  /** Makes room and waits for at least one more byte. No read is under way here but the one begun while idle. */
  async #more(): Promise<void> {
    if (this.#pending === undefined && this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (!await this.#fill()) throw new ExchangeBroken("The mail server ended the connection.");
  }

  /** The text before an empty line, as Latin-1, and steps over it: the head of an answer. */
  head(): Promise<string> {
    return this.#until(
      (buffer, at) => buffer[at - 1] === CR && buffer[at - 2] === LF && buffer[at - 3] === CR,
      4,
    );
  }

  /** The text of a line, and steps over its end. */
  line(): Promise<string> {
    return this.#until((buffer, at) => buffer[at - 1] === CR, 2);
  }

  /** @param isEnd whether the line feed at this place ends it, with the `endLength - 1` bytes before */
  async #until(isEnd: (buffer: Buffer, at: number) => boolean, endLength: number): Promise<string> {
    for (let seen = endLength - 1;;) {
      for (let at = this.#start + seen; at < this.#end; at++) {
        if (this.#buffer[at] !== LF || !isEnd(this.#buffer, at)) continue;
        const text = this.#buffer.toString("latin1", this.#start, at + 1 - endLength);
        this.#start = at + 1;
        return text;
      }
      seen = Math.max(seen, this.#end - this.#start);
      if (seen >= bufferBytes) throw new ExchangeBroken("A line without end.");
      await this.#more();
    }
  }

  /** Fills the beginning of `into`, which is not empty, with what has come; waits for the first byte. Says how many. */
  async read(into: Uint8Array): Promise<number> {
    // Behind the head, whatever is not here yet goes to its place without a way through the buffer.
    if (this.#end === this.#start && this.#pending === undefined) {
      const count = await this.tcp.read(into).catch(() => null);
      if (count !== null) return count;
      this.close();
      throw new ExchangeBroken("The mail server ended the connection.");
    }
    if (this.#end === this.#start) await this.#more();
    const taken = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + into.length));
    into.set(taken);
    this.#start += taken.length;
    return taken.length;
  }

  /** Watches for the end while nobody uses it. */
  watch(): void {
    this.#start = this.#end = 0;
    void this.#fill();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      this.tcp.close();
    } catch {
      // The server was faster.
    }
    this.onEnd(this);
  }
}
