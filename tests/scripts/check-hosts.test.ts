import { describe, expect, it } from "vitest";
import { checkHosts } from "../../scripts/check-hosts.ts";
import { withTree } from "./planted.ts";

describe("what ties the product to one machine", () => {
  it("refuses a registry's host, a tarball address in deno.lock and a path of the machine", async () => {
    const faults = await withTree({
      "deno.lock": `{\n "npm": { "a@1": {\n  "tarball": "http://mirror.test/a.tgz" } } }`,
      "scripts/start": `curl https://registry.npmjs.org/deno\n`,
      "docs/run.md": `one\ncd /work/main && deno task ok\n`,
    }, checkHosts);
    expect(faults.map((fault) => `${fault.file}:${fault.line}`)).toEqual([
      "deno.lock:3",
      "docs/run.md:2",
      "scripts/start:1",
    ]);
  });

  it("passes ordinary paths, addresses of the web and paths inside a container", async () => {
    const faults = await withTree({
      "deno.lock": `{ "npm": {} }`,
      "api/routes.ts":
        `const a = "/api/v1/work/items"; const b = "../work/x"; const c = "https://a.test/home/u";`,
      "infra/compose.yaml": `volumes: ["data:/opt/stalwart/data"]`,
      "docs/run.md": `/etc/mssante/config and /var/lib/mssante`,
    }, checkHosts);
    expect(faults).toEqual([]);
  });
});
