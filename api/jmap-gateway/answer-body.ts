/** The framing of an HTTP/1.1 answer: its head, and the bytes of its body (RFC 9112 §6, §7.1). */
import { type Connection, ExchangeBroken } from "./connection.ts";

export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** The head of the answer that counts. */
export async function readHead(connection: Connection): Promise<Head> {
  const [statusLine = "", ...lines] = (await connection.head()).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new ExchangeBroken("The answer is no HTTP/1.1.");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  // An interim answer (RFC 9110 §15.2) comes before the one that counts.
  return status >= 200 ? { status, headers } : await readHead(connection);
}

/** The body's bytes as they come. */
export class AnswerBody {
  /** Of the whole body in bytes; undefined when it comes in chunks. */
  readonly length: number | undefined;
  /** Of the body, or of the chunk that is being read. */
  #left = 0;
  #isInChunk = false;
  #isOver = false;

  constructor(private readonly connection: Connection, { status, headers }: Head) {
    if (/\bchunked$/i.test(headers.get("transfer-encoding") ?? "")) return;
    const length = status === 204 || status === 304 ? 0 : Number(headers.get("content-length") ?? Number.NaN);
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
