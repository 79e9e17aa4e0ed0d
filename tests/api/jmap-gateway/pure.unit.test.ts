import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentDisposition, downloadHeaders } from "../../../api/jmap-gateway/download.ts";
import { readEventSourceQuery } from "../../../api/jmap-gateway/event-source.ts";
import { readEvents } from "../../../api/jmap-gateway/event-stream.ts";
import { filterTypes } from "../../../api/jmap-gateway/events-hub.ts";
import { isHookSecret } from "../../../api/jmap-gateway/hook.ts";
import { findJsonFault } from "../../../api/jmap-gateway/json-scan.ts";
import { methods, needsGuard, touchesSharing } from "../../../api/jmap-gateway/methods.ts";
import { spliceSessionState, withSessionState } from "../../../api/jmap-gateway/session-state-splice.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

describe("the look over JSON before it is parsed", () => {
  it("finds no fault in what JSON.stringify writes", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(findJsonFault(JSON.stringify(value), 1000)).toBeUndefined();
    }));
  });

  it("finds every member that is there twice", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      fc.pre(name.isWellFormed() && name !== "other" && name !== "x");
      const [member, json] = [JSON.stringify(name), JSON.stringify(value)];
      expect(findJsonFault(`{"other":[${json}],${member}:${json},"x":{},${member}:1}`, 1000)).toBe(
        "duplicate-member",
      );
    }));
  });
});

describe("our session state in the server's answer", () => {
  const splice = (text: string) =>
    decoder.decode(spliceSessionState(encoder.encode(text), (state) => `ours-${state}`));

  it("takes the place of the server's, and of nothing that a mail says", () => {
    const mail = JSON.stringify({ subject: '"sessionState":"x"' });
    expect(splice(`{"methodResponses":[["Email/get",${mail},"0"]],"sessionState":"s1"}`))
      .toBe(`{"methodResponses":[["Email/get",${mail},"0"]],"sessionState":"ours-s1"}`);
    expect(splice('{"sessionState":"s1","createdIds":{"a":"b"}}')).toBe(
      '{"sessionState":"ours-s1","createdIds":{"a":"b"}}',
    );
    expect(splice('{"methodResponses":[]}')).toBe('{"methodResponses":[]}');
  });

  it("is put in however a large answer is cut", async () => {
    const text = `{"methodResponses":["${"é".repeat(400_000)}"],"sessionState":"s1"}`;
    const bytes = encoder.encode(text);
    const cut = 300_001;
    const rest = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = cut; at < bytes.length; at += 7919) controller.enqueue(bytes.slice(at, at + 7919));
        controller.close();
      },
    });
    const answer = withSessionState({ bytes: bytes.slice(0, cut), rest }, () => "a-longer-state", {});
    expect(await answer.text()).toBe(text.replace("s1", "a-longer-state"));
  });
});

describe("the headers of a download", () => {
  it.each([
    ["a.pdf", `attachment; filename="a.pdf"; filename*=UTF-8''a.pdf`],
    ["été.pdf", `attachment; filename="ete.pdf"; filename*=UTF-8''%C3%A9t%C3%A9.pdf`],
    ['a"b\r\nX: y.pdf', `attachment; filename="a_b__X: y.pdf"; filename*=UTF-8''a%22b__X%3A%20y.pdf`],
    ["../../etc/passwd", `attachment; filename=".._.._etc_passwd"; filename*=UTF-8''.._.._etc_passwd`],
    ["", `attachment; filename="blob"; filename*=UTF-8''blob`],
    ["\ud800", `attachment; filename="blob"; filename*=UTF-8''%EF%BF%BD`],
  ])("hold the name %j safely", (name, wanted) => {
    expect(contentDisposition(name)).toBe(wanted);
  });

  it("never fail, whatever the name and type", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (name, type) => {
      const headers = downloadHeaders(type, name);
      expect(headers.get("content-disposition")).toMatch(/^attachment; /);
      expect(headers.get("content-type")).toMatch(/^[^\s;]+\/[^\s;]+$/);
    }));
  });
});

describe("an event stream", () => {
  it("is read however it is cut", async () => {
    const text =
      'event: state\r\ndata: {"a":\ndata: 1}\n\n: comment\nid: 3\n\nevent: ping\ndata: {}\n\ndata: é\n\n';
    for (const size of [1, 2, 3, 1000]) {
      const bytes = encoder.encode(text);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      expect(await Array.fromAsync(readEvents(body))).toEqual([
        { event: "state", data: '{"a":\n1}' },
        { event: "ping", data: "{}" },
        { event: "message", data: "é" },
      ]);
    }
  });

  it.each([
    ["types=*&closeafter=no&ping=0", { types: null, closeAfterState: false, pingSeconds: 0 }],
    ["types=Email,Mailbox&closeafter=state&ping=1", {
      types: new Set(["Email", "Mailbox"]),
      closeAfterState: true,
      pingSeconds: 5,
    }],
    ["ping=99999", { types: null, closeAfterState: false, pingSeconds: 300 }],
    ["types=", undefined],
    ["types=a%0ab", undefined],
    ["ping=-1", undefined],
    ["closeafter=yes", undefined],
  ])("is asked for by %s", (query, wanted) => {
    expect(readEventSourceQuery(new URLSearchParams(query))).toEqual(wanted);
  });

  it("carries only the types that were asked for", () => {
    expect(filterTypes({ Email: "1", Thread: "2" }, new Set(["Thread"]))).toEqual({ Thread: "2" });
    expect(filterTypes({ Email: "1" }, new Set(["Thread"]))).toBeUndefined();
  });
});

describe("the allow-list of methods", () => {
  it("holds none that manages, shares or registers push", () => {
    for (const name of methods.keys()) {
      expect(name).not.toMatch(/^x:|Principal|Share|Push|Sieve|Calendar|Contact|FileNode/);
    }
  });

  it("looks into arguments that come by reference", () => {
    expect(needsGuard(methods.get("Mailbox/set")!, { "#create": {} })).toBe(true);
    expect(needsGuard(methods.get("Mailbox/get")!, { "#ids": {} })).toBe(false);
    expect(needsGuard(methods.get("Mailbox/set")!, { update: { a: { name: "x" } } })).toBe(false);
  });

  it.each(["shareWith", "shareWith/a", "/shareWith/a", "SHAREWITH"])("sees sharing in %s", (key) => {
    expect(touchesSharing({ [key]: null })).toBe(true);
  });
});

describe("the hook's secret", () => {
  it("must be there, and right", () => {
    expect(isHookSecret("Bearer abc", "abc")).toBe(true);
    expect(isHookSecret("Bearer abd", "abc")).toBe(false);
    expect(isHookSecret("Bearer abcd", "abc")).toBe(false);
    expect(isHookSecret(undefined, "abc")).toBe(false);
    expect(isHookSecret("Bearer ", "")).toBe(false);
    expect(isHookSecret("Bearer null", null)).toBe(false);
  });
});
