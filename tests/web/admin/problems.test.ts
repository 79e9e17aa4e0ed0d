/** What the API refuses is said in the reader's language. */
import { expect, test } from "vitest";
import { catalogue } from "../../../api/problems.ts";
import { problemTexts } from "../../../web/src/lib/api/problems.ts";

test("every problem of the catalogue has a sentence of its own, and no sentence is left over", () => {
  const slugs = Object.keys(catalogue).sort();
  // `rate-limited` is what the mail server's own limit is called in the webmail.
  const said = Object.keys(problemTexts).filter((slug) => slug !== "rate-limited").sort();
  expect(said).toEqual(slugs);
});
