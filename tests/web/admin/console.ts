/** The console in a browser before a scripted API. SHOTS=<directory> keeps pictures. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterEach, beforeAll, vi } from "vitest";
import { needBuild, sharedBrowser } from "../browser.ts";
import { desktop } from "../screens.ts";
import { type Answers, type ScriptedApi, sessionOf, startScriptedApi } from "./scripted-api.ts";

let browser: Browser;
const servers: ScriptedApi[] = [];

/** Each test has a server and a page of its own. */
export function useConsole(): void {
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

export interface OpenConsole {
  readonly api: ScriptedApi;
  readonly page: Page;
  /** What the page's own code threw. */
  readonly faults: string[];
}

/** Opens a screen of the console; an administrator of one structure is signed in unless the answers say otherwise. */
export async function openConsole(
  path: string,
  answers: Answers,
  options: BrowserContextOptions = desktop,
): Promise<OpenConsole> {
  const api = startScriptedApi({ "GET /api/v1/session": sessionOf(), ...answers });
  servers.push(api);
  const context = await browser.newContext({ locale: "fr-FR", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(api.url + path);
  return { api, page, faults };
}
