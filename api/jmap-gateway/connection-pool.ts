/**
 * HTTP/1.1 for short JSON exchanges with the mail server on the private network: one POST, one answer, connections kept.
 *
 * `fetch` costs half of what the gateway adds to a call (load/README.md), most of it in streams that a small answer does
 * not need. Everything else (uploads, downloads, events, https) goes by `fetch`.
 */
import { Buffer } from "node:buffer";
import { AnswerBody, type Head, readHead } from "./answer-body.ts";
import { Connection, ExchangeBroken } from "./connection.ts";
import type { Watch } from "./patience.ts";

export { ExchangeBroken };

export interface Exchange {
  readonly status: number;
  readonly contentType: string;
  /** The whole body, or its beginning when `rest` is there. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes of the buffer behind `bytes` are nobody's. */
  readonly spare: number;
  /** What follows of a large body; must be read to its end or cancelled. */
  readonly rest: ReadableStream<Uint8Array> | undefined;
}

export interface ExchangeOptions {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Given what ends the exchange by closing its connection; is asked at the beginning. */
  readonly watch: (end: () => void) => Watch;
}

/** A body up to this size is given whole. */
const wholeBytes = 1024 * 1024;
const pieceBytes = 64 * 1024;
const maxIdle = 64;
/** Behind a whole body of known length: room for a session state that is longer than the server's. */
const spareBytes = 64;

export interface ConnectionPool {
  /** POSTs once. Throws {@link ExchangeBroken}, or what the operating system says when nobody listens. */
  post(options: ExchangeOptions): Promise<Exchange>;
}

/** Head and body in one piece: two writes would be two packets. */
function requestBytes(host: string, { path, headers, body }: ExchangeOptions): Uint8Array {
  let head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${body.length}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  head += "\r\n";
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, "latin1");
  bytes.set(body, head.length);
  return bytes;
}

/** The body, or its beginning; `isWhole` when nothing follows. */
async function readWhole(body: AnswerBody): Promise<{ bytes: Uint8Array<ArrayBuffer>; isWhole: boolean }> {
  if (body.length !== undefined) {
    if (body.length > wholeBytes) return { bytes: new Uint8Array(), isWhole: false };
    const bytes = new Uint8Array(body.length + spareBytes).subarray(0, body.length);
    for (let at = 0; at < bytes.length;) at += await body.read(bytes.subarray(at));
    return { bytes, isWhole: true };
  }
  const pieces: Uint8Array[] = [];
  for (let size = 0; size <= wholeBytes;) {
    const piece = await nextPiece(body);
    if (piece === undefined) return { bytes: Buffer.concat(pieces), isWhole: true };
    pieces.push(piece);
    size += piece.length;
  }
  return { bytes: Buffer.concat(pieces), isWhole: false };
}

/** Bytes of their own, for who keeps them; undefined at the end. */
async function nextPiece(body: AnswerBody): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const piece = new Uint8Array(pieceBytes);
  const count = await body.read(piece);
  return count === 0 ? undefined : piece.subarray(0, count);
}

/** @param origin `http:` only */
export function createConnectionPool(origin: URL): ConnectionPool {
  const hostname = origin.hostname.replace(/^\[|\]$/g, "");
  const port = Number(origin.port || 80);
  const idle: Connection[] = [];
  const leave = (connection: Connection) => {
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  };

  function takeKept(): Connection | undefined {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (!kept.isSpoilt) return kept;
      kept.close();
    }
  }

  async function connect(onCancel: (cancel: () => void) => void): Promise<Connection> {
    const cancelled = new AbortController();
    onCancel(() => cancelled.abort());
    return new Connection(await Deno.connect({ hostname, port, signal: cancelled.signal }), leave);
  }

  function giveBack(connection: Connection, head: Head): void {
    if (connection.isSpoilt || idle.length >= maxIdle || /\bclose\b/i.test(head.header("connection") ?? "")) {
      connection.close();
      return;
    }
    idle.push(connection);
    connection.watch();
  }

  return {
    async post(options) {
      let isEnded = false;
      let stop = () => {};
      const end = () => {
        isEnded = true;
        stop();
      };
      const watch = options.watch(end);
      try {
        const used = isEnded ? undefined : takeKept() ?? await connect((cancel) => stop = cancel);
        if (used === undefined || isEnded) throw new ExchangeBroken("Ended by the caller.");
        stop = () => used.close();
        await used.write(requestBytes(origin.host, options));
        const head = await readHead(used);
        const body = new AnswerBody(used, head);
        const finish = () => {
          watch.forget();
          giveBack(used, head);
        };
        const { bytes, isWhole } = await readWhole(body);
        if (isWhole) finish();
        else watch.settle();
        return {
          status: head.status,
          contentType: head.header("content-type") ?? "",
          bytes,
          spare: isWhole && body.length !== undefined ? spareBytes : 0,
          rest: isWhole ? undefined : restOf(body, finish, end),
        };
      } catch (error) {
        watch.forget();
        stop();
        throw error;
      }
    },
  };
}

function restOf(body: AnswerBody, finish: () => void, end: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const piece = await nextPiece(body);
        if (piece !== undefined) return controller.enqueue(piece);
        finish();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel: end,
  });
}
