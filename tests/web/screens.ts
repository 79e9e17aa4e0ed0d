/** The built webmail in a browser before a scripted mail server, for the tests of its screens. SHOTS=<directory> keeps pictures. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterEach, beforeAll, expect, vi } from "vitest";
import { needBuild, sharedBrowser } from "./browser.ts";
import { type DevServer, startDevServer } from "./dev-server.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env["SHOTS"];
export const desktop = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Patient: the machine may be busy with other tests. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

let browser: Browser;
const servers: DevServer[] = [];

/** Each test has servers and pages of its own. */
export function useBrowser(): void {
  vi.setConfig({ testTimeout: 60_000 });
  beforeAll(async () => {
    needBuild();
    browser = await sharedBrowser();
  }, 120_000);
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const server of servers.splice(0)) await server.stop();
  });
}

export async function openScreen(options: BrowserContextOptions = desktop, count = 60, path = "/mail") {
  const server = startDevServer(0, count);
  servers.push(server);
  const context = await browser.newContext({ locale: "fr-FR", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  const visit = async () => {
    await page.goto(server.url + path);
    await page.locator("[role=option] .who").first().waitFor();
  };
  return { server, context, page, faults, visit };
}

/** No finding of axe, and a picture where pictures are kept. */
export async function look(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` });
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: unknown, options: unknown): Promise<AxeResult> };
    };
    const result = await axe.run(document, { iframes: false });
    return result.violations.map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`
    );
  });
  expect(found, name).toEqual([]);
}
interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

export const rows = (page: Page) => page.locator("[role=option]");
export const composer = (page: Page) => page.locator(".composer");
