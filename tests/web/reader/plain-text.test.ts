import { expect, test } from "vitest";
import { toLines } from "../../../web/src/lib/reader/plain-text.ts";

test("plain text stays text, whatever it looks like", () => {
  const [line] = toLines("<img src=x onerror=alert(1)>");
  expect(line).toEqual({
    isQuote: false,
    pieces: [{ text: "<img src=x onerror=alert(1)>", href: undefined }],
  });
});

test("only web addresses become links, without the punctuation after them", () => {
  expect(toLines("Voir https://a.test/b?c=1. javascript:alert(1)")[0]?.pieces).toEqual([
    { text: "Voir ", href: undefined },
    { text: "https://a.test/b?c=1", href: "https://a.test/b?c=1" },
    { text: ". javascript:alert(1)", href: undefined },
  ]);
});

test("quoted lines are told from new ones", () => {
  expect(toLines("a\r\n> b").map(({ isQuote }) => isQuote)).toEqual([false, true]);
});
