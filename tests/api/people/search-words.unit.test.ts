import { expect, test } from "vitest";
import { containing } from "../../../api/database/like.ts";
import { searchWords } from "../../../api/people/search-words.ts";

test.each([
  ["", []],
  ["  ", []],
  ["Jean-Pierre d’Arc", ["Jean", "Pierre", "d", "Arc"]],
  ["jean-pierre.x@a-b.test", ["jean-pierre.x@a-b.test"]],
  ["a,b;c", ["a", "b", "c"]],
  ["1 2 3 4 5 6 7 8 9", ["1", "2", "3", "4", "5", "6", "7", "8"]],
])("%j is looked for as %j", (text, words) => expect(searchWords(text)).toEqual(words));

test("a sign of the pattern language stands for itself", () => {
  expect(containing("50%_\\")).toBe("%50\\%\\_\\\\%");
});
