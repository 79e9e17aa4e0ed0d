/**
 * What a person waits for before reading one mail: the scripts of the start page, the webmail, the mail page and the
 * frame of an HTML message. Writing and settings come later and do not count.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { buildDirectory, needBuild } from "./browser.ts";
import { startDevServer } from "./dev-server.ts";
import { launchBrowser } from "./browser.ts";

const limitKilobytes = 75;

beforeAll(needBuild, 120_000);

/** Opens the mail page in a browser and lists what it fetched until a message was readable. */
async function readOneMail() {
  const server = startDevServer(0, 40);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const scripts = new Set<string>();
    const elsewhere: string[] = [];
    // Writing is loaded once the list is there, while the message is on its way: held back, it is seen apart.
    const held: string[] = [];
    page.on("request", (request) => {
      const { origin, pathname } = new URL(request.url());
      if (origin !== server.url && !request.url().startsWith("data:")) elsewhere.push(request.url());
      if (pathname.endsWith(".js")) scripts.add(pathname);
    });
    await page.goto(`${server.url}/mail`);
    await page.locator("[role=option] .who").first().waitFor();
    const listRequests = server.jmap.served.slice();
    await page.waitForLoadState("networkidle").catch(() => undefined); // the event stream never ends
    await page.locator("[role=option]").nth(3).click();
    await page.frameLocator("iframe").getByText("Cher confrère").waitFor();
    return { scripts: [...scripts], elsewhere, held, listRequests };
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Chunks of writing, settings and other pages: those that the mail page reaches by a dynamic import only. */
function isLater(path: string): boolean {
  const text = readFileSync(`${buildDirectory}${path}`, "utf8");
  return /mss-drafts|mss-draft-/.test(text);
}

test(
  "reading one mail takes no more than 75 kB of script, gzipped, and three JMAP requests to the first list",
  async () => {
    const { scripts, elsewhere, listRequests } = await readOneMail();
    const counted = scripts.filter((path) => !isLater(path));
    const sizes = counted.map((path) =>
      [path, gzipSync(readFileSync(`${buildDirectory}${path}`), { level: 9 }).length] as const
    );
    const kilobytes = sizes.reduce((sum, [, bytes]) => sum + bytes, 0) / 1000;
    console.log(
      `script before one mail is read: ${kilobytes.toFixed(1)} kB gzipped in ${counted.length} files`,
    );
    expect(kilobytes).toBeLessThanOrEqual(limitKilobytes);
    expect(listRequests.filter(({ path }) => path.startsWith("/jmap/")).length).toBeLessThanOrEqual(3);
    expect(elsewhere).toEqual([]);
  },
  60_000,
);
