import { describe, expect, test } from "vitest";
import { inOrder, ofPlatform, ofSubjects, whiteListAttention } from "../../../api/dashboard/attention.ts";

const day = (count: number) => new Date(Date.UTC(2026, 10, 1 + count));

describe("the white list seen from the dashboard", () => {
  const kinds = (...input: Parameters<typeof whiteListAttention>) =>
    whiteListAttention(...input).map(({ kind }) => kind);
  const list = { generatedAt: day(0), importedAt: day(1) };

  test("is missing, fresh or stale", () => {
    expect(kinds(undefined, undefined, 30, day(1))).toEqual(["white-list-missing"]);
    expect(kinds(list, undefined, 30, day(30))).toEqual([]);
    expect(kinds(list, undefined, 30, day(31))).toEqual(["white-list-stale"]);
  });

  test("a refusal counts until a good list comes after it", () => {
    expect(kinds(list, { at: day(2) }, 30, day(3))).toEqual(["white-list-refused"]);
    expect(kinds(list, { at: day(0) }, 30, day(3))).toEqual([]);
  });
});

test("the most urgent comes first, and one attention holds the rows of its kind", () => {
  const row = (id: string, since: Date) => ({
    attention: "mailbox-without-member" as const,
    kind: "mailbox" as const,
    id,
    label: id,
    structureId: "s",
    structureName: "S",
    reason: null,
    since,
    total: 9,
  });
  const [found] = ofSubjects([row("a", day(2)), row("b", day(1))]);
  expect(found).toMatchObject({ count: 9, since: day(1), subjects: [{ id: "a" }, { id: "b" }] });
  const order = inOrder([
    ...(found ? [found] : []),
    ofPlatform("cache-unavailable"),
    ofPlatform("white-list-missing"),
  ]);
  expect(order.map(({ severity }) => severity)).toEqual(["critical", "warning", "notice"]);
});
