import { describe, expect, it } from "vitest";
import {
  evaluatePointer,
  InvalidResultReference,
  noteCreatedIds,
  resolveId,
  resolveReferences,
} from "../../../api/jmap-gateway/references.ts";
import type { Invocation } from "../../../api/jmap-gateway/request.ts";

const responses: Invocation[] = [
  ["Email/query", { ids: ["a", "b"], total: 2 }, "q"],
  ["Email/get", { list: [{ threadId: "t1", "a/b~c": 1 }, { threadId: "t2" }], nested: [[1, 2], [3]] }, "g"],
];

describe("a result reference (RFC 8620 §3.7)", () => {
  it("takes a member", () => {
    expect(resolveReferences({ "#ids": { resultOf: "q", name: "Email/query", path: "/ids" } }, responses))
      .toEqual({ ids: ["a", "b"] });
  });

  it("maps over a list with *", () => {
    expect(evaluatePointer(responses[1]![1], "/list/*/threadId")).toEqual(["t1", "t2"]);
  });

  it("flattens lists under * by one level", () => {
    expect(evaluatePointer(responses[1]![1], "/nested/*")).toEqual([1, 2, 3]);
  });

  it("reads ~0 and ~1 in a member's name", () => {
    expect(evaluatePointer(responses[1]![1], "/list/0/a~1b~0c")).toBe(1);
  });

  it.each(["/none", "/ids/9", "/ids/01", "ids", "/ids/-"])("that leads nowhere (%s) is refused", (path) => {
    expect(() => evaluatePointer(responses[0]![1], path)).toThrow(InvalidResultReference);
  });

  it("to another method's response is refused", () => {
    expect(() => resolveReferences({ "#ids": { resultOf: "q", name: "Email/get", path: "/ids" } }, responses))
      .toThrow(InvalidResultReference);
  });

  it("beside the plain argument of the same name is invalid", () => {
    expect(() =>
      resolveReferences({ ids: [], "#ids": { resultOf: "q", name: "Email/query", path: "/ids" } }, responses)
    )
      .toThrow(TypeError);
  });

  it("may be left for the mail server", () => {
    const args = { "#ids": { resultOf: "later", name: "Email/query", path: "/ids" } };
    expect(resolveReferences(args, responses, (id) => id !== "later")).toEqual(args);
  });

  it("does not reach into prototypes", () => {
    expect(() => evaluatePointer({}, "/constructor")).toThrow(InvalidResultReference);
  });
});

describe("creation ids", () => {
  it("are noted from created and resolved afterwards", () => {
    const known: Record<string, string> = {};
    noteCreatedIds(["Email/set", { created: { m: { id: "e1" }, n: null } }, "0"], known);
    expect(resolveId("#m", known)).toBe("e1");
    expect(resolveId("e9", known)).toBe("e9");
    expect(resolveId("#toString", known)).toBeUndefined();
  });
});
