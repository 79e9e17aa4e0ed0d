/** A real browser, driven: Debian's Chromium, one profile per person. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Without these the browser looks up its maker's hosts at every start, which no test may do. */
const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is: `CHROMIUM_BIN` when scripts/test unpacked it privately, else the installed package. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: Deno.env.get("CHROMIUM_BIN") ?? "/usr/bin/chromium",
    args: quiet,
  });
}

/**
 * A profile of its own: cookies and storage of one person. `foreign` collects what it asks of any other origin than those named;
 * such a request is not let through.
 */
export async function openProfile(
  browser: Browser,
  allowedOrigins: readonly string[],
): Promise<{ context: BrowserContext; foreign: string[] }> {
  const context = await browser.newContext({ locale: "fr-FR", acceptDownloads: true });
  const foreign: string[] = [];
  await context.route((url) => {
    const isLocal = url.protocol === "data:" || url.protocol === "blob:";
    return !isLocal && !allowedOrigins.includes(url.origin);
  }, async (route) => {
    foreign.push(route.request().url());
    await route.abort("blockedbyclient");
  });
  return { context, foreign };
}

/** Signs in by the page of the simulated Pro Santé Connect, as the person whose button is named so. */
export async function signInAs(page: Page, baseUrl: string, name: RegExp): Promise<void> {
  await page.goto(baseUrl);
  await page.getByRole("link", { name: /Pro Santé Connect/ }).or(
    page.getByRole("button", { name: /Pro Santé Connect/ }),
  ).click();
  await page.getByRole("button", { name }).click();
  await page.waitForURL((url) => url.origin === new URL(baseUrl).origin);
  // Who practises in several places says once in which one he works.
  if (new URL(page.url()).searchParams.get("step") !== "situation") return;
  await page.getByRole("radio").first().check();
  await page.getByRole("button", { name: /Continuer|Continue/ }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** Public origin of the simulated Pro Santé Connect: where the platform sends a browser that signs in. */
export async function identityProviderOrigin(baseUrl: string): Promise<string> {
  const response = await fetch(new URL("/auth/sign-in?returnTo=/", baseUrl), {
    redirect: "manual",
    headers: { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate" },
  });
  await response.body?.cancel();
  return new URL(response.headers.get("location") ?? "", baseUrl).origin;
}
