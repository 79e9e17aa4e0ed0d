/** The real simulator on a free port, with the steps a person takes at it. */
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import type { Endpoint, misbehaviourShape } from "../../../infra/simulated/pro-sante-connect/misbehaviour.ts";
import type { logoutShape } from "../../../infra/simulated/pro-sante-connect/logout.ts";
import type { mintShape } from "../../../infra/simulated/pro-sante-connect/minted.ts";
import { parsePeople, type Person } from "../../../infra/simulated/pro-sante-connect/people.ts";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../../infra/simulated/pro-sante-connect/server.ts";
import type { Browser } from "./browser.ts";

export const baseUrl = "http://localhost:18899";
export const redirectUri = `${baseUrl}/auth/callback`;
/** Known to this test's simulator alone. */
export const clientSecret = "simulated-secret-of-the-tests";

const peopleFile = new URL("../../../infra/simulated/pro-sante-connect/demo-people.json", import.meta.url);

export interface SimulatedPsc extends Simulator {
  readonly people: readonly Person[];
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** An access token of `person` as his software would hold it: see infra/simulated/pro-sante-connect/minted.ts. */
  mint(wish: z.input<typeof mintShape>): Promise<string>;
  /** Ends the sessions of a person at the provider; answers the logout token by which it says so. */
  signOutPerson(wish: z.input<typeof logoutShape>): Promise<string>;
  /** What rings on the phones now. */
  phones(): Promise<{ id: string; person: string; bindingMessage: string; channel: string }[]>;
  answerPhone(id: string, answer: "confirm" | "refuse"): Promise<void>;
  misbehave(how: z.input<typeof misbehaviourShape>): Promise<void>;
  behave(): Promise<void>;
  /** How often this endpoint was asked so far. */
  asked(endpoint: Endpoint): Promise<number>;
  /** From the authorisation request to the callback's address, `person` having pressed his button where asked. */
  choose(browser: Browser, authorizationUrl: string, person: string): Promise<URL>;
  refuse(browser: Browser, authorizationUrl: string): Promise<URL>;
  /** Follows redirects to the callback's address without pressing anything. */
  follow(browser: Browser, url: string): Promise<URL>;
  endSession(browser: Browser, url: string): Promise<URL>;
}

/** @param certificates a second door, and that our client comes by it with its own */
export async function simulate(
  extra: readonly Person[] = [],
  certificates: SimulatorOptions["door"] = undefined,
): Promise<SimulatedPsc> {
  const people = [...parsePeople(JSON.parse(await readFile(peopleFile, "utf8"))), ...extra];
  const simulator = await startSimulator({
    host: "127.0.0.1",
    port: 0,
    controlPort: 0,
    clients: [{
      clientId: "mss-test",
      clientSecret,
      redirectUris: [redirectUri],
      postLogoutRedirectUris: [`${baseUrl}/auth/signed-out`],
      isMutualTls: certificates !== undefined,
    }, {
      // Another registered service: what it is given opens nothing here.
      clientId: "another-service",
      clientSecret: crypto.randomUUID(),
      redirectUris: [redirectUri],
      postLogoutRedirectUris: [],
    }],
    people,
    door: certificates,
  });
  const atPlatform = (url: URL) => url.origin === baseUrl;

  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${simulator.controlOrigin}${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`control answered ${response.status}: ${await response.text()}`);
    return await response.json();
  }

  async function press(
    browser: Browser,
    authorizationUrl: string,
    form: Record<string, string>,
  ): Promise<URL> {
    const page = await browser.follow(authorizationUrl, atPlatform);
    if (atPlatform(page.url)) return page.url;
    const html = await page.response.text();
    if (page.response.status !== 200) throw new Error(`no sign-in page: ${page.response.status} ${html}`);
    const pressed = await browser.fetch(page.url.href, { method: "POST", body: new URLSearchParams(form) });
    await pressed.body?.cancel();
    const resumed = await browser.follow(
      new URL(pressed.headers.get("location") ?? "", page.url).href,
      atPlatform,
    );
    return resumed.url;
  }

  return {
    ...simulator,
    people,
    control,
    mint: async (wish) => {
      const { accessToken } = await control("POST", "/access-tokens", wish) as { accessToken: string };
      return accessToken;
    },
    signOutPerson: async (wish) =>
      (await control("POST", "/sign-outs", wish) as { logoutToken: string }).logoutToken,
    phones: async () => await control("GET", "/phones") as Awaited<ReturnType<SimulatedPsc["phones"]>>,
    answerPhone: async (id, answer) => void await control("POST", "/phones", { id, answer }),
    misbehave: async (how) => void await control("PUT", "/misbehaviour", how),
    behave: async () => void await control("DELETE", "/misbehaviour"),
    asked: async (endpoint) =>
      (await control("GET", "/requests") as Partial<Record<Endpoint, number>>)[endpoint] ?? 0,
    choose: (browser, url, person) => press(browser, url, { person }),
    refuse: (browser, url) => press(browser, url, { refuse: "yes" }),
    follow: async (browser, url) => (await browser.follow(url, atPlatform)).url,
    endSession: async (browser, url) => {
      const page = await browser.fetch(url);
      const html = await page.text();
      const action = /action="([^"]+)"/.exec(html)?.[1] ?? "";
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] ?? "";
      const confirmed = await browser.fetch(action, {
        method: "POST",
        body: new URLSearchParams({ xsrf, logout: "yes" }),
      });
      await confirmed.body?.cancel();
      return new URL(confirmed.headers.get("location") ?? "", action);
    },
  };
}
