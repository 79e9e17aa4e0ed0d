/**
 * What a person waits for before reading one mail: the scripts of start, webmail and mail page, and those that show an
 * HTML message. Writing, settings and dialogs come when they are asked for, and do not count.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { buildDirectory, needBuild, sharedBrowser } from "./browser.ts";
import { startDevServer } from "./dev-server.ts";

const limitKilobytes = 74;

beforeAll(needBuild, 120_000);

const readScript = (path: string) => readFileSync(`${buildDirectory}${path}`, "utf8");

/** The files and all that they import statically. */
function withImports(paths: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    const imports = readScript(path).matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g);
    for (const [, target] of imports) visit(join(dirname(path), target ?? ""));
  };
  for (const path of paths) visit(path);
  return found;
}

/** Opens a list and one HTML message in a browser; tells what was fetched. */
async function readOneMail() {
  const server = startDevServer(0, 40);
  const context = await (await sharedBrowser()).newContext();
  try {
    const page = await context.newPage();
    const scripts = new Set<string>();
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      const { origin, pathname } = new URL(request.url());
      if (origin !== server.url && !request.url().startsWith("data:")) elsewhere.push(request.url());
      if (pathname.endsWith(".js")) scripts.add(pathname);
    });
    await page.goto(`${server.url}/mail`);
    await page.locator("[role=option] .who").first().waitFor();
    const first = server.jmap.served.findIndex(({ methods }) => methods.includes("Email/query"));
    await page.locator("[role=option]").nth(3).click();
    await page.frameLocator("iframe").getByText("Cher confrère").waitFor();
    return { scripts: [...scripts], elsewhere, requestsToList: first + 1 };
  } finally {
    await context.close();
    await server.stop();
  }
}

test(
  `a mail is read with ${limitKilobytes} kB of script, gzipped, three JMAP requests to the first list, and nothing from elsewhere`,
  async () => {
    const { scripts, elsewhere, requestsToList } = await readOneMail();
    const chunks = readdirSync(`${buildDirectory}/_app/immutable/chunks`).map((name) =>
      `/_app/immutable/chunks/${name}`
    );
    const frame = chunks.filter((path) =>
      path.endsWith(".js") && readScript(path).includes("Content-Security-Policy")
    );
    expect(frame).toHaveLength(1);
    const needed = withImports([...scripts.filter((path) => /\/(entry|nodes)\//.test(path)), ...frame]);
    for (const path of needed) expect(scripts).toContain(path);
    const sizes = [...needed].map((path) => gzipSync(readScript(path), { level: 9 }).length);
    const kilobytes = sizes.reduce((sum, bytes) => sum + bytes, 0) / 1000;
    console.log(
      `before one mail is read: ${
        kilobytes.toFixed(1)
      } kB of script gzipped, ${requestsToList} JMAP requests`,
    );
    expect(kilobytes).toBeLessThanOrEqual(limitKilobytes);
    expect(requestsToList).toBeLessThanOrEqual(3);
    expect(elsewhere).toEqual([]);
  },
  60_000,
);
