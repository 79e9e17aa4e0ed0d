/** The page on which a person says yes, in a real browser: what its policy permits, only a browser can tell. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { sharedBrowser } from "../../web/browser.ts";
import { desktop, look, phone } from "../../web/screens.ts";
import { Program, redirectUri } from "./program.ts";

describe("the page on which a person says yes", () => {
  let harness: Harness;
  let browser: Browser;
  let person: Visitor;
  let program: Program;
  const servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  /** Where the program waits, and what it was told. */
  const told: URL[] = [];

  const serve = (handler: (request: Request) => Response | Promise<Response>) => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
    servers.push(server);
    return server.addr.port;
  };
  let programPort: number;
  let platform: string;

  beforeAll(async () => {
    [harness, browser] = await Promise.all([openHarness(), sharedBrowser()]);
    const operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    const clientId = `p${crypto.randomUUID()}`;
    await operator.post("/api/v1/oauth-clients", {
      kind: "native",
      clientId,
      name: "Messagerie de poche des professionnels libéraux d'Île-de-France <b>",
      redirectUris: [redirectUri],
    });
    program = new Program(harness, clientId);
    person = await harness.signIn({ givenName: "Anne-Sophie", familyName: "DELAUNAY-VERMEERSCH" });
    programPort = serve((request) => {
      if (new URL(request.url).pathname === "/callback") told.push(new URL(request.url));
      return new Response("merci", { headers: { "content-type": "text/plain" } });
    });
    platform = `http://localhost:${serve((request) => harness.app.fetch(request))}`;
  }, 60_000);
  afterAll(async () => {
    for (const context of browser.contexts()) await context.close();
    await Promise.all(servers.map((server) => server.shutdown()));
    await harness.close();
  });

  async function open(
    options: Parameters<Browser["newContext"]>[0],
  ): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.newContext({ locale: "fr-FR", ...options });
    const [name = "", value = ""] = person.cookie.split("=");
    await context.addCookies([{ name, value, domain: "localhost", path: "/", secure: true, httpOnly: true }]);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    const query = program.query({ redirect_uri: `http://127.0.0.1:${programPort}/callback` });
    await page.goto(`${platform}/oauth/authorize?${query}`);
    return { page, faults };
  }

  it("leads back to the program with the keyboard alone, past its own policy", async () => {
    const { page, faults } = await open(desktop);
    await page.getByText("Anne-Sophie DELAUNAY-VERMEERSCH").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("merci").waitFor();
    expect(Object.fromEntries(told.at(-1)?.searchParams ?? [])).toEqual({
      code: expect.stringMatching(/^mss_ac_/),
      state: "state-of-the-program",
      iss: "http://localhost:8480",
    });
    expect(faults.filter((one) => !one.includes("favicon"))).toEqual([]);
  });

  it("takes no for an answer; on a phone, in the dark", async () => {
    const { page } = await open({ ...phone, colorScheme: "dark" });
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await look(page, "consent-phone-dark");
    await page.getByRole("button", { name: "Refuser" }).click();
    await page.getByText("merci").waitFor();
    expect(told.at(-1)?.searchParams.get("error")).toBe("access_denied");
  });

  it("is seen in nobody's frame", async () => {
    const { page } = await open(desktop);
    const address = page.url();
    const frame = serve(() =>
      new Response(`<iframe src="${address.replaceAll("&", "&amp;")}"></iframe>`, {
        headers: { "content-type": "text/html" },
      })
    );
    const other = await page.context().newPage();
    await other.goto(`http://127.0.0.1:${frame}/`);
    await other.waitForLoadState("networkidle");
    expect(await other.frameLocator("iframe").getByText("Autoriser").count()).toBe(0);
  });

  it("says in a sentence that a program is not known, and sends nobody anywhere", async () => {
    const { page } = await open(desktop);
    const answer = await page.goto(`${platform}/oauth/authorize?${program.query({ client_id: "nobody" })}`);
    expect(answer?.status()).toBe(400);
    await page.getByRole("heading", { name: "Demande refusée" }).waitFor();
    await look(page, "consent-refused");
  });

  it("speaks English to who reads English", async () => {
    const { page } = await open({ ...desktop, locale: "en-GB" });
    await page.getByRole("button", { name: "Authorise" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
  });
});
