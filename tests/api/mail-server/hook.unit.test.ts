import { describe, expect, it } from "vitest";
import {
  acceptSubmission,
  alreadyAccepted,
  deferSubmission,
  InvalidHook,
  readSubmissionHook,
  refuseSubmission,
} from "../../../api/mail-server/stalwart/hook.ts";

const call = (headers: [string, string][], contents = "bonjour") => ({
  context: {
    stage: "data",
    client: { ip: "127.0.0.1", port: 0, ptr: null, helo: "localhost", activeConnections: 1 },
    sasl: { login: "anne@alpha.mssante.test" },
    server: { name: "Stalwart v0.16.18", port: 0, ip: "127.0.0.1" },
    queue: { id: "4be1db39a600000" },
    protocol: { version: 1 },
  },
  envelope: { from: { address: "anne@alpha.mssante.test" }, to: [{ address: "bruno@beta.mssante.test" }] },
  message: { headers, contents, size: contents.length },
});

/** The body in chunks of `size` bytes. */
function streamOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at += size));
    },
  });
}

describe("reading the submission hook", () => {
  it.each([1, 7, 4096, 1_000_000])("gives the same answer in chunks of %i bytes", async (size) => {
    const body = JSON.stringify(call([["Subject", " été\r\n"], ["Message-ID", " <m1@alpha.test>\r\n"]]));
    expect(await readSubmissionHook(streamOf(body, size))).toEqual({
      box: "anne@alpha.mssante.test",
      queueId: "4be1db39a600000",
      from: "anne@alpha.mssante.test",
      recipients: ["bruno@beta.mssante.test"],
      messageId: "m1@alpha.test",
      via: "jmap",
    });
  });

  it("is not misled by a header that imitates the key before the content", async () => {
    const body = JSON.stringify(
      call(
        [["Subject", ' x","contents":"y\r\n'], ["Message-ID", " <real@alpha.test>\r\n"]],
        '","contents":"',
      ),
    );
    expect((await readSubmissionHook(streamOf(body, 16))).messageId).toBe("real@alpha.test");
  });

  it("unfolds a Message-ID on a line of its own, and says when there is none", async () => {
    const folded = JSON.stringify(call([["MESSAGE-id", "\r\n <long@alpha.test>\r\n"]]));
    expect((await readSubmissionHook(streamOf(folded, 64))).messageId).toBe("long@alpha.test");
    const without = JSON.stringify(call([["Subject", " x\r\n"]]));
    expect((await readSubmissionHook(streamOf(without, 64))).messageId).toBeUndefined();
  });

  it("reads to the end of a large content without keeping it", async () => {
    const text = JSON.stringify(call([["Message-ID", " <big@alpha.test>\r\n"]], "x".repeat(20_000_000)));
    let delivered = 0;
    const counted = streamOf(text, 65_536).pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          delivered += chunk.length;
          controller.enqueue(chunk);
        },
      }),
    );
    expect((await readSubmissionHook(counted)).messageId).toBe("big@alpha.test");
    expect(delivered).toBe(text.length);
  });

  it.each([
    ["no JSON", "nonsense"],
    ["cut short", JSON.stringify(call([])).slice(0, 200)],
    [
      "another stage",
      JSON.stringify({ context: { stage: "rcpt", sasl: { login: "a@b.test" }, queue: { id: "1" } } }),
    ],
    ["nobody signed in", JSON.stringify({ context: { stage: "data", queue: { id: "1" } } })],
    ["an empty object", "{}"],
  ])("refuses %s", async (_, body) => {
    await expect(readSubmissionHook(streamOf(body, 64))).rejects.toThrow(InvalidHook);
  });
});

describe("answering the submission hook", () => {
  it("uses the words that the server reads", () => {
    expect(acceptSubmission()).toEqual({ action: "accept" });
    expect(alreadyAccepted().action).toBe("discard");
    expect(deferSubmission("later").response).toMatchObject({ status: 451, enhanced_status: "4.3.0" });
    expect(refuseSubmission("no").response).toMatchObject({ status: 550, message: "no" });
  });
});
