import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";

describe("the web's files", () => {
  let directory: string;
  let harness: Harness;
  const script = "\n  start({ base: '' });\n";
  const shell =
    `<!doctype html><link href="/favicon.svg"><script src="/x.js"></script><script>${script}</script>`;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "web-"));
    await mkdir(join(directory, "_app/immutable"), { recursive: true });
    await writeFile(join(directory, "200.html"), shell);
    await writeFile(join(directory, "favicon.svg"), "<svg/>");
    await writeFile(join(directory, "_app/version.json"), "{}");
    await writeFile(join(directory, "_app/immutable/a.js"), "export {}");
    await writeFile(join(tmpdir(), "outside-the-web.txt"), "secret");
    harness = await openHarness({ config: { webDirectory: directory } });
  });
  afterAll(async () => {
    await harness.close();
    await rm(directory, { recursive: true });
    await rm(join(tmpdir(), "outside-the-web.txt"));
  });

  it("are served with the policy that lets exactly the shell's own inline script run", async () => {
    const answer = await harness.stranger.get("/messages/inbox?x=1");
    expect([answer.status, answer.text]).toEqual([200, shell]);
    const policy = answer.headers.get("content-security-policy") ?? "";
    const hash = createHash("sha256").update(script).digest("base64");
    expect(policy.split("; ")).toEqual(expect.arrayContaining([
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash}'`,
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]));
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("that never change may be kept for ever, the others not", async () => {
    const immutable = await harness.stranger.get("/_app/immutable/a.js");
    expect(immutable.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(immutable.headers.get("content-type")).toMatch(/javascript/);
    expect((await harness.stranger.get("/favicon.svg")).text).toBe("<svg/>");
    expect((await harness.stranger.get("/_app/version.json")).headers.get("cache-control")).toBe("no-cache");
  });

  it("of an older build are gone, not replaced by the shell", async () => {
    const answer = await harness.stranger.get("/_app/immutable/old.js");
    expect([answer.status, answer.body.title]).toEqual([404, "Nothing here"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it.each([
    "/../outside-the-web.txt",
    "/..%2foutside-the-web.txt",
    "/%2e%2e/outside-the-web.txt",
    "/_app/..%2f..%2foutside-the-web.txt",
  ])(
    "end at their directory: %s",
    async (path) => expect((await harness.stranger.get(path)).text).not.toContain("secret"),
  );

  it.each([
    "/api/v2/x",
    "/api/none",
    "/auth/none",
    "/jmap/none",
    "/internal/none",
    "/health/none",
    "/problems/none",
    "/.well-known/none",
  ])(
    "do not hide that nothing is at %s",
    async (path) => {
      const person = await harness.signIn();
      const answer = await person.get(path);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    },
  );

  it("leave the headers of /jmap to the gateway", async () => {
    const person = await harness.signIn();
    expect((await person.get("/jmap/session")).headers.get("content-security-policy")).toBeNull();
  });
});
