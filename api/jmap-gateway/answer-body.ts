/** The framing of an HTTP/1.1 answer: its head, and the bytes of its body (RFC 9112 §6, §7.1). */
import { type Connection, ExchangeBroken } from "./connection.ts";

/** A head is kept as it came: of its dozen headers four are asked for. */
export class Head {
  readonly #lower: string;

  constructor(readonly status: number, private readonly text: string) {
    this.#lower = text.toLowerCase();
  }

  /** @param name in lower case */
  header(name: string): string | undefined {
    const at = this.#lower.indexOf(`\r\n${name}:`);
    if (at < 0) return undefined;
    const start = at + name.length + 3;
    const end = this.text.indexOf("\r\n", start);
    return this.text.slice(start, end < 0 ? undefined : end).trim();
  }
}

/** The head of the answer that counts. */
export async function readHead(connection: Connection): Promise<Head> {
  for (;;) {
    const text = await connection.head();
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(text)?.[1]);
    if (Number.isNaN(status)) throw new ExchangeBroken("The answer is no HTTP/1.1.");
    // An interim answer (RFC 9110 §15.2) comes before the one that counts.
    if (status >= 200) return new Head(status, text);
  }
}

/** The body's bytes as they come. */
export class AnswerBody {
  /** Of the whole body in bytes; undefined when it comes in chunks. */
  readonly length: number | undefined;
  /** Of the body, or of the chunk that is being read. */
  #left = 0;
  #isInChunk = false;
  #isOver = false;

  constructor(private readonly connection: Connection, head: Head) {
    if (/\bchunked$/i.test(head.header("transfer-encoding") ?? "")) return;
    const { status } = head;
    const length = status === 204 || status === 304 ? 0 : Number(head.header("content-length") ?? Number.NaN);
    if (!(length >= 0)) throw new ExchangeBroken("An answer without length.");
    this.length = this.#left = length;
  }

  /** Fills the beginning of `into` and says how many bytes these are; 0 = the body is over. */
  async read(into: Uint8Array): Promise<number> {
    if (this.#left === 0 && this.length === undefined) await this.#nextChunk();
    if (this.#left === 0) return 0;
    const count = await this.connection.read(into.length > this.#left ? into.subarray(0, this.#left) : into);
    this.#left -= count;
    return count;
  }

  async #nextChunk(): Promise<void> {
    if (this.#isOver) return;
    if (this.#isInChunk && await this.connection.line() !== "") {
      throw new ExchangeBroken("A chunk without end.");
    }
    const size = Number.parseInt(await this.connection.line(), 16);
    if (!(size >= 0)) throw new ExchangeBroken("A chunk without size.");
    this.#left = size;
    this.#isInChunk = size > 0;
    if (size > 0) return;
    // Trailers, none of which matters here, end with an empty line.
    while (await this.connection.line() !== "");
    this.#isOver = true;
  }
}
