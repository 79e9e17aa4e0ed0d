/** The web's types of the API say what the API says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { clientFile, generateClient } from "../../scripts/generate-client.ts";

test("the generated client is that of the mounted API (`deno task generate-client`)", async () => {
  expect(readFileSync(clientFile, "utf8") === await generateClient()).toBe(true);
});
