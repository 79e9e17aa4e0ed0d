/**
 * HTTP/1.1 for short JSON exchanges with the mail server on the private network: one POST, one answer, connections kept.
 *
 * `fetch` costs half of what the gateway adds to a call (load/README.md), most of it in streams that a small answer does
 * not need. Everything else (uploads, downloads, events, https) goes by `fetch`. A kept connection always has a read under
 * way, so that one which the server closes is dropped at that moment and never written to.
 */

export interface Exchange {
  readonly status: number;
  readonly contentType: string;
  /** The whole body, or its beginning when `rest` is there. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What follows of a large body; must be read to its end or cancelled. */
  readonly rest: ReadableStream<Uint8Array> | undefined;
}

export interface ExchangeOptions {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Closes the connection, which ends the exchange. */
  readonly signal: AbortSignal;
}

/** The connection broke, or what came is no HTTP. */
export class ExchangeBroken extends Error {
  override readonly name = "ExchangeBroken";
}

/** A body up to this size is given whole. */
const wholeBytes = 1024 * 1024;
const maxHeaderBytes = 64 * 1024;
const maxIdle = 64;
const firstBytes = 8 * 1024;
const moreBytes = 64 * 1024;
const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");
const none = new Uint8Array();

class Connection {
  /** For the first read of an answer: by the next one, what it held has been copied. */
  readonly #first = new Uint8Array(firstBytes);
  #bytes = none;
  #pending: Promise<Uint8Array | undefined> | undefined;
  isClosed = false;

  constructor(private readonly tcp: Deno.TcpConn, private readonly onEnd: (connection: Connection) => void) {
    tcp.setNoDelay(true);
    tcp.unref();
    this.#read(this.#first);
  }

  /** Starts a read if none is under way: while idle, it is the one that tells of the end. */
  #read(buffer?: Uint8Array<ArrayBuffer>): Promise<Uint8Array | undefined> {
    this.#pending ??= (async () => {
      buffer ??= new Uint8Array(moreBytes);
      const count = await this.tcp.read(buffer).catch(() => null);
      this.#pending = undefined;
      if (count === null) {
        this.close();
        return undefined;
      }
      const chunk = buffer.subarray(0, count);
      this.#bytes = this.#bytes.length === 0 ? chunk : join(this.#bytes, chunk);
      return chunk;
    })();
    return this.#pending;
  }

  /** Whether bytes came that nobody asked for, or the server has gone. */
  get isSpoilt(): boolean {
    return this.isClosed || this.#bytes.length > 0;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.tcp.write(bytes.subarray(at));
  }

  /** At least one more byte than there is. */
  async #more(): Promise<void> {
    if (await this.#read() === undefined) throw new ExchangeBroken("The mail server ended the connection.");
  }

  /** Bytes up to and with this text, which is searched as ASCII. */
  async until(end: string, max: number): Promise<string> {
    for (;;) {
      const text = latin1.decode(this.#bytes.subarray(0, max));
      const at = text.indexOf(end);
      if (at >= 0) {
        this.#bytes = this.#bytes.subarray(at + end.length);
        return text.slice(0, at);
      }
      if (this.#bytes.length >= max) throw new ExchangeBroken("A line without end.");
      await this.#more();
    }
  }

  /** Whatever has come, at most `max` bytes; waits for the first one. */
  async some(max: number): Promise<Uint8Array> {
    if (this.#bytes.length === 0) await this.#more();
    const taken = this.#bytes.subarray(0, max);
    this.#bytes = this.#bytes.subarray(taken.length);
    return taken;
  }

  /** Watches for the end while nobody uses it. */
  rest(): void {
    void this.#read(this.#first);
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

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatenate([a, b], a.length + b.length);
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

async function readHead(connection: Connection): Promise<Head> {
  const [statusLine = "", ...lines] = (await connection.until("\r\n\r\n", maxHeaderBytes)).split("\r\n");
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

/** The body's bytes as they come (RFC 9112 §6, §7.1). */
async function* readBody(
  connection: Connection,
  { status, headers }: Head,
): AsyncGenerator<Uint8Array, void, void> {
  if (status === 204 || status === 304) return;
  if (/\bchunked$/i.test(headers.get("transfer-encoding") ?? "")) {
    for (;;) {
      const size = Number.parseInt(await connection.until("\r\n", 1024), 16);
      if (!(size >= 0)) throw new ExchangeBroken("A chunk without size.");
      for (let left = size; left > 0;) {
        const some = await connection.some(left);
        left -= some.length;
        yield some;
      }
      if (size === 0) break;
      await connection.until("\r\n", 2);
    }
    // Trailers, none of which matters here, end with an empty line.
    while (await connection.until("\r\n", maxHeaderBytes) !== "");
    return;
  }
  const length = Number(headers.get("content-length") ?? Number.NaN);
  if (!(length >= 0)) throw new ExchangeBroken("An answer without length.");
  for (let left = length; left > 0;) {
    const some = await connection.some(left);
    left -= some.length;
    yield some;
  }
}

export interface ConnectionPool {
  /** POSTs once. Throws {@link ExchangeBroken}, or what the operating system says when nobody listens. */
  post(options: ExchangeOptions): Promise<Exchange>;
}

/** @param origin `http:` only */
export function createConnectionPool(origin: URL): ConnectionPool {
  const idle: Connection[] = [];
  const leave = (connection: Connection) => {
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  };

  async function take(): Promise<Connection> {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (!kept.isSpoilt) return kept;
      kept.close();
    }
    const tcp = await Deno.connect({
      hostname: origin.hostname.replace(/^\[|\]$/g, ""),
      port: Number(origin.port || 80),
    });
    return new Connection(tcp, leave);
  }

  function giveBack(connection: Connection, { headers }: Head): void {
    if (connection.isSpoilt || idle.length >= maxIdle || /\bclose\b/i.test(headers.get("connection") ?? "")) {
      connection.close();
      return;
    }
    idle.push(connection);
    connection.rest();
  }

  return {
    async post({ path, headers, body, signal }) {
      signal.throwIfAborted();
      const connection = await take();
      const cut = () => connection.close();
      signal.addEventListener("abort", cut, { once: true });
      const finish = (head: Head) => {
        signal.removeEventListener("abort", cut);
        giveBack(connection, head);
      };
      try {
        const lines = Object.entries({ host: origin.host, ...headers, "content-length": `${body.length}` })
          .map(([name, value]) => `${name}: ${value}\r\n`).join("");
        await connection.write(join(encoder.encode(`POST ${path} HTTP/1.1\r\n${lines}\r\n`), body));
        const head = await readHead(connection);
        const chunks: Uint8Array[] = [];
        let size = 0;
        const parts = readBody(connection, head);
        const answer = (rest: ReadableStream<Uint8Array> | undefined): Exchange => ({
          status: head.status,
          contentType: head.headers.get("content-type") ?? "",
          bytes: concatenate(chunks, size),
          rest,
        });
        for (let part = await parts.next(); !part.done; part = await parts.next()) {
          chunks.push(part.value);
          size += part.value.length;
          if (size > wholeBytes) return answer(restOf(parts, () => finish(head), cut));
        }
        finish(head);
        return answer(undefined);
      } catch (error) {
        signal.removeEventListener("abort", cut);
        connection.close();
        throw error;
      }
    },
  };
}

function restOf(
  parts: AsyncGenerator<Uint8Array, void, void>,
  finish: () => void,
  cut: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const part = await parts.next();
        if (!part.done) return controller.enqueue(part.value);
        finish();
        controller.close();
      } catch (error) {
        cut();
        controller.error(error);
      }
    },
    cancel: cut,
  });
}
