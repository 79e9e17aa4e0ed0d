import { describe, expect, it } from "vitest";
import { defaultLimits, parseRequest, readCapped, RequestError } from "../../../api/jmap-gateway/request.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseRequest(bytes(text), defaultLimits);

function refusal(run: () => unknown): RequestError {
  try {
    run();
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const kindOf = (text: string) => refusal(() => parse(text)).type.split(":").at(-1);

describe("a request of JMAP", () => {
  it("is taken when it is I-JSON of the right shape", () => {
    const request = parse('{"using":["urn:a"],"methodCalls":[["Core/echo",{"é":"\\ud83d\\ude00"},"0"]]}');
    expect(request.methodCalls).toEqual([["Core/echo", { "é": "😀" }, "0"]]);
  });

  it.each([
    ["a text that is not JSON", "{using"],
    ["an empty body", ""],
    ["a text after the object", '{"using":[],"methodCalls":[]} x'],
    ["a member twice", '{"using":[],"using":[],"methodCalls":[]}'],
    [
      "a member twice, once written with an escape",
      '{"using":[],"methodCalls":[["Email/get",{"accountId":"a","account\\u0049d":"b"},"0"]]}',
    ],
    ["half of a surrogate pair", '{"using":["\\ud800"],"methodCalls":[]}'],
    ["a byte order mark", '\ufeff{"using":[],"methodCalls":[]}'],
  ])("is notJSON with %s", (_, text) => {
    expect(kindOf(text)).toBe("notJSON");
  });

  it("is notJSON when its bytes are not UTF-8", () => {
    const broken = new Uint8Array([...bytes('{"using":["'), 0xff, ...bytes('"],"methodCalls":[]}')]);
    expect(refusal(() => parseRequest(broken, defaultLimits)).type).toMatch(/notJSON$/);
  });

  it.each([
    ["a list", "[]"],
    ["null", "null"],
    ["no using", '{"methodCalls":[]}'],
    ["a number in using", '{"using":[1],"methodCalls":[]}'],
    ["calls that are no list", '{"using":[],"methodCalls":{}}'],
    ["a call of two members", '{"using":[],"methodCalls":[["Core/echo",{}]]}'],
    ["arguments that are a list", '{"using":[],"methodCalls":[["Core/echo",[],"0"]]}'],
    ["creation ids that are no map of strings", '{"using":[],"methodCalls":[],"createdIds":{"a":1}}'],
  ])("is notRequest with %s", (_, text) => {
    expect(kindOf(text)).toBe("notRequest");
  });

  it("nested 1000 deep is refused before it is parsed", () => {
    const deep = `{"using":[],"methodCalls":[["Core/echo",{"x":${"[".repeat(1000)}${
      "]".repeat(1000)
    }},"0"]]}`;
    expect(kindOf(deep)).toBe("notRequest");
  });

  it("may be nested as deep as real filters are", () => {
    const filter = `${'{"operator":"AND","conditions":['.repeat(20)}{}${"]}".repeat(20)}`;
    expect(parse(`{"using":[],"methodCalls":[["Email/query",{"filter":${filter}},"0"]]}`).methodCalls)
      .toHaveLength(1);
  });

  it("with more calls than announced names the limit", () => {
    const calls = Array.from(
      { length: defaultLimits.maxCallsInRequest + 1 },
      (_, i) => ["Core/echo", {}, `${i}`],
    );
    const error = refusal(() => parse(JSON.stringify({ using: [], methodCalls: calls })));
    expect(error.toProblem()).toMatchObject({
      type: "urn:ietf:params:jmap:error:limit",
      limit: "maxCallsInRequest",
      status: 400,
    });
  });

  it("keeps __proto__ as data", () => {
    const request = parse('{"using":[],"methodCalls":[["Core/echo",{"__proto__":{"accountId":"x"}},"0"]]}');
    expect(request.methodCalls[0]![1].accountId).toBeUndefined();
  });
});

describe("the cap on a request's size", () => {
  it("refuses a declared length without reading", async () => {
    const request = new Request("http://x", {
      method: "POST",
      body: "abc",
      headers: { "content-length": "11000000" },
    });
    await expect(readCapped(request, 10_000_000)).rejects.toMatchObject({ limit: "maxSizeRequest" });
    expect(request.bodyUsed).toBe(false);
  });

  it("stops reading an undeclared length as soon as it is passed", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const request = new Request("http://x", { method: "POST", body });
    await expect(readCapped(request, 10_000)).rejects.toBeInstanceOf(RequestError);
    expect(sent).toBeLessThan(20_000);
  });

  it("lets through what just fits", async () => {
    const request = new Request("http://x", { method: "POST", body: new Uint8Array(10_000) });
    expect((await readCapped(request, 10_000)).length).toBe(10_000);
  });
});
