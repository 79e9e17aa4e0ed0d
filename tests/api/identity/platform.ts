/** The whole application over real PostgreSQL and Redis, with the real simulator as its identity provider. */
import type { Config } from "../../../api/config.ts";
import { createIdentity, type Identity } from "../../../api/identity/mod.ts";
import type { Row } from "../../support/database.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { Browser } from "./browser.ts";
import { baseUrl, clientSecret, type SimulatedPsc } from "./simulated-psc.ts";

export interface PlatformOptions {
  readonly redisUrl?: string;
  readonly proSanteConnect?: Partial<Config["proSanteConnect"]>;
  readonly oauth?: Partial<Config["oauth"]>;
}

export interface Platform {
  readonly identity: Identity;
  readonly harness: Harness;
  readonly deps: Harness["deps"];
  /** As superuser: to prepare and to look. */
  rows(query: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Lets time pass for the platform. */
  pass(seconds: number): void;
  /** Back to the time of day, which is the provider's too. */
  resetClock(): void;
  /** @param userAgent what it says of itself; nothing by default */
  browser(userAgent?: string): Browser;
  /** A whole sign-in; answers where the browser ended. */
  signIn(browser: Browser, person: string, returnTo?: string): Promise<URL>;
  /** The callback's address, not yet opened. */
  reachCallback(browser: Browser, person: string, returnTo?: string): Promise<URL>;
  session(browser: Browser): Promise<Response>;
  lastRefusal(): Promise<string | undefined>;
  close(): Promise<void>;
}

export const host = new URL(baseUrl).host;

export async function openPlatform(psc: SimulatedPsc, options: PlatformOptions = {}): Promise<Platform> {
  const harness = await openHarness({
    ...(options.redisUrl === undefined ? {} : { redisUrl: options.redisUrl }),
    config: {
      baseUrl,
      oauth: {
        accessSeconds: 3_600,
        refreshSeconds: 1_800,
        grantSeconds: 14_400,
        keptDays: 7,
        frontKey: null,
        frontUrl: null,
        ...options.oauth,
      },
      proSanteConnect: {
        issuer: psc.issuer,
        discoveryUrl: psc.discoveryUrl,
        clientId: "mss-test",
        client: { method: "secret", secret: clientSecret },
        trustPem: null,
        acrValues: ["eidas1"],
        acceptedAcr: ["eidas1", "eidas2", "eidas3"],
        responseIssuer: "required",
        acceptedParties: [],
        rppsKey: "checked",
        timeoutSeconds: 1,
        isCibaOffered: true,
        logoutTokenType: "logout+jwt",
        ...options.proSanteConnect,
      },
    },
  });
  const atCallback = (url: URL) => url.origin === baseUrl && url.pathname === "/auth/callback";
  const platform: Platform = {
    identity: createIdentity(harness.deps),
    harness,
    deps: harness.deps,
    rows: (query, values) => harness.database.rows(query, values),
    pass: (seconds) => harness.clock.pass(seconds),
    resetClock: () => harness.clock.pass((Date.now() - harness.clock.now().getTime()) / 1_000),
    browser: (userAgent) =>
      new Browser({
        origin: baseUrl,
        request: (request) => {
          if (userAgent !== undefined) request.headers.set("user-agent", userAgent);
          return harness.app.request(request);
        },
      }),
    reachCallback: async (browser, person, returnTo) => {
      const query = returnTo === undefined ? "" : `?returnTo=${encodeURIComponent(returnTo)}`;
      const begun = await browser.fetch(`${baseUrl}/auth/sign-in${query}`);
      const location = new URL(begun.headers.get("location") ?? "", baseUrl);
      if (location.origin === baseUrl) throw new Error(`the sign-in did not begin: ${location.href}`);
      const url = await psc.choose(browser, location.href, person);
      if (!atCallback(url)) throw new Error(`not the callback: ${url.href}`);
      return url;
    },
    signIn: async (browser, person, returnTo) => {
      const callback = await platform.reachCallback(browser, person, returnTo);
      const done = await browser.fetch(callback.href);
      return new URL(done.headers.get("location") ?? "", baseUrl);
    },
    session: (browser) => browser.fetch(`${baseUrl}/api/v1/session`),
    lastRefusal: async () => {
      const [row] = await harness.database.rows(
        "select reason from app.audit_events where action = 'session.refuse' order by id desc limit 1",
      );
      return row?.reason as string | undefined;
    },
    close: () => harness.close(),
  };
  return platform;
}
