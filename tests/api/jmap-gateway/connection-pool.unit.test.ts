import { afterEach, describe, expect, it } from "vitest";
import { createConnectionPool, ExchangeBroken } from "../../../api/jmap-gateway/connection-pool.ts";
import { Watch } from "../../../api/jmap-gateway/patience.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const watching = (signal: AbortSignal) => (end: () => void) => new Watch(end, { signal, timeoutMs: 30_000 });

/** A server that answers each request, connection by connection, with these pieces of bytes; `null` closes. */
function serve(answer: (request: string, connection: number) => readonly (string | Uint8Array | null)[]) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  closers.push(() => listener.close());
  let connections = 0;
  void (async () => {
    for await (const tcp of listener) {
      const number = connections++;
      closers.push(() => {
        try {
          tcp.close();
        } catch {
          // Closed already.
        }
      });
      void (async () => {
        const buffer = new Uint8Array(65_536);
        for (let count = await tcp.read(buffer); count !== null; count = await tcp.read(buffer)) {
          for (const piece of answer(decoder.decode(buffer.subarray(0, count)), number)) {
            if (piece === null) return tcp.close();
            await tcp.write(typeof piece === "string" ? encoder.encode(piece) : piece);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
      })().catch(() => {});
    }
  })();
  const pool = createConnectionPool(new URL(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`));
  const post = (body = "{}", signal = new AbortController().signal) =>
    pool.post({
      path: "/jmap/",
      headers: { authorization: "Basic x" },
      body: encoder.encode(body),
      watch: watching(signal),
    });
  return { post, connections: () => connections };
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

function chunked(chunks: readonly string[]): string {
  const framed = [...chunks, ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return `${head}transfer-encoding: chunked\r\n\r\n${framed.join("")}`;
}

describe("a connection to the mail server", () => {
  it("is kept and used again", async () => {
    const { post, connections } = serve(() => [`${head}content-length: 2\r\n\r\n{}`]);
    for (let i = 0; i < 5; i++) expect(decoder.decode((await post()).bytes)).toBe("{}");
    expect(connections()).toBe(1);
  });

  it("carries what is sent, with its length", async () => {
    let seen = "";
    const { post } = serve((request) => {
      seen = request;
      return [`${head}content-length: 0\r\n\r\n`];
    });
    await post('{"é":1}');
    expect(seen).toMatch(/^POST \/jmap\/ HTTP\/1\.1\r\n/);
    expect(seen).toMatch(/\r\ncontent-length: 8\r\n/);
    expect(seen.endsWith('\r\n\r\n{"é":1}')).toBe(true);
  });

  it("reads an answer however it is cut, of known length or in chunks", async () => {
    const whole =
      `${head}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n`;
    const { post, connections } = serve(() => [...whole]);
    for (let i = 0; i < 2; i++) expect(decoder.decode((await post()).bytes)).toBe("abc0123456789");
    expect(connections()).toBe(1);
  });

  it.each([
    ["of known length", (body: string) => `${head}content-length: ${body.length}\r\n\r\n${body}`],
    ["in one chunk", (body: string) => chunked([body])],
    ["in many chunks", (body: string) => chunked(body.match(/.{1,1000}/gs)!)],
  ])("reads answers larger than its buffer, %s, to the byte", async (_, frame) => {
    const body = Array.from({ length: 40_000 }, (_, i) => `${i}\n`).join("");
    const { post, connections } = serve(() => [frame(body)]);
    for (let i = 0; i < 3; i++) expect(decoder.decode((await post()).bytes) === body).toBe(true);
    expect(connections()).toBe(1);
  });

  it.each([65_535, 65_536, 65_537])("reads a head and body of %d bytes together", async (size) => {
    const start = `${head}content-length: `;
    const length = size - start.length - 5 - 4;
    const { post } = serve(() => [`${start}${length}\r\n\r\n${"x".repeat(length)}`]);
    for (let i = 0; i < 2; i++) expect((await post()).bytes.length).toBe(length);
  });

  it("gives bytes that the next answer leaves alone", async () => {
    const { post } = serve((request) => [`${head}content-length: 3\r\n\r\n${request.slice(-3)}`]);
    const first = await post("abc");
    await post("xyz");
    expect(decoder.decode(first.bytes)).toBe("abc");
  });

  it("refuses a head without end", async () => {
    const { post } = serve(() => [`${head}x: ${"x".repeat(100_000)}`]);
    await expect(post()).rejects.toThrow(ExchangeBroken);
  });

  it("passes over interim answers", async () => {
    const { post } = serve(() => ["HTTP/1.1 100 Continue\r\n\r\n", `${head}content-length: 2\r\n\r\nok`]);
    expect(decoder.decode((await post()).bytes)).toBe("ok");
  });

  it("gives a large answer as beginning and rest, and is used again afterwards", async () => {
    const body = new Uint8Array(3_000_000).fill(97);
    const { post, connections } = serve(() => [`${head}content-length: ${body.length}\r\n\r\n`, body]);
    for (let i = 0; i < 2; i++) {
      const { bytes, rest } = await post();
      expect(bytes.length).toBeLessThan(1_500_000);
      expect(bytes.length + (await new Response(rest).arrayBuffer()).byteLength).toBe(body.length);
    }
    expect(connections()).toBe(1);
  });

  it("that the server closes while it is idle is never written to", async () => {
    const { post, connections } = serve(() => [`${head}content-length: 2\r\n\r\n{}`, null]);
    for (let i = 0; i < 3; i++) {
      expect((await post()).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(connections()).toBe(3);
  });

  it("on which something came unasked is not used again", async () => {
    const { post, connections } = serve(() => [`${head}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n`]);
    await post();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(decoder.decode((await post()).bytes)).toBe("{}");
    expect(connections()).toBe(2);
  });

  it.each([
    ["ends in the middle of the head", ["HTTP/1.1 200 OK\r\nconte", null]],
    ["ends in the middle of the body", [`${head}content-length: 10\r\n\r\n{}`, null]],
    ["ends in the middle of a chunk", [`${head}transfer-encoding: chunked\r\n\r\n5\r\nab`, null]],
    ["has no length", [`${head}\r\n{}`]],
    ["is no HTTP", ["SSH-2.0-x\r\n\r\n"]],
  ])("whose answer %s is a failure and is dropped", async (_, pieces) => {
    const { post } = serve(() => pieces);
    await expect(post()).rejects.toThrow(ExchangeBroken);
  });

  it("is closed when the caller gives up", async () => {
    const { post } = serve(() => []);
    const caller = new AbortController();
    const waiting = post("{}", caller.signal);
    setTimeout(() => caller.abort(), 20);
    await expect(waiting).rejects.toThrow();
  });

  it("is not even begun for a caller who gave up before", async () => {
    const { post, connections } = serve(() => []);
    await expect(post("{}", AbortSignal.abort())).rejects.toThrow(ExchangeBroken);
    expect(connections()).toBe(0);
  });

  it("to nobody is a failure at once", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const pool = createConnectionPool(new URL(`http://127.0.0.1:${port}`));
    await expect(
      pool.post({
        path: "/",
        headers: {},
        body: new Uint8Array(),
        watch: watching(new AbortController().signal),
      }),
    ).rejects.toThrow();
  });

  it("serves many at once, each with its own answer", async () => {
    const { post } = serve((request) => {
      const body = request.slice(request.indexOf("\r\n\r\n") + 4);
      return [`${head}content-length: ${body.length}\r\n\r\n${body}`];
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => decoder.decode((await post(`${i}`)).bytes)),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });
});
