import { describe, expect, it } from "vitest";
import { checkDocs } from "../../scripts/check-docs.ts";
import { checkLength } from "../../scripts/check-length.ts";
import { withTree } from "./planted.ts";

describe("the length of files", () => {
  it("refuses 401 lines and passes 400, generated files and data", async () => {
    const long = "export {};\n".repeat(401);
    const faults = await withTree({
      "api/long.ts": long,
      "api/exact.ts": "export {};\n".repeat(400),
      "web/src/lib/api/generated/client.ts": long,
      "api/database/schema.ts": long,
      "mailserver/stalwart/settings.json": "\n".repeat(900),
    }, checkLength);
    expect(faults).toEqual([{
      file: "api/long.ts",
      line: 401,
      sentence: expect.stringContaining("401 lines"),
    }]);
  });
});

describe("the paths that the documents name", () => {
  it("refuses a dead link and a dead path in code quotes, each with its line", async () => {
    const faults = await withTree({
      "README.md": "# Map\n\nSee [flows](ARCHITECTURE.md) and [lost](docs/lost.md).\n`api/gone.ts` too.\n",
      "ARCHITECTURE.md":
        "`api/here.ts` `api/<domain>/routes.ts` `deno task ok` `web/build/` [net](https://a.test/b)\n",
      "api/here.ts": "export {};",
      "docs/guide.md": "[up](../README.md#map) [here](here.md)\n",
    }, checkDocs);
    expect(faults.map((fault) => `${fault.file}:${fault.line} ${fault.sentence}`)).toEqual([
      "README.md:3 names docs/lost.md, which does not exist.",
      "README.md:4 names api/gone.ts, which does not exist.",
      "docs/guide.md:1 names docs/here.md, which does not exist.",
    ]);
  });
});
