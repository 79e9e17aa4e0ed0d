/**
 * The staff's pages in a real browser, over the platform's own API: Chromium's virtual authenticator is the passkey
 * (WebAuthn §11). No mail server: the staff has no box.
 */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { giveAccount } from "../../../scripts/staff-create.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { buildDirectory, needBuild, sharedBrowser } from "../../web/browser.ts";
import { look } from "./looks.ts";
import { Application, password } from "./people.ts";

const desktop = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describe("the staff in the browser", () => {
  let harness: Harness;
  let browser: Browser;
  let server: Deno.HttpServer;
  let baseUrl: string;
  const faults: string[] = [];

  beforeAll(async () => {
    needBuild();
    const { web } = findFreePorts(["web"]);
    baseUrl = `http://localhost:${web}`;
    harness = await openHarness({ config: { baseUrl, webDirectory: buildDirectory } });
    server = Deno.serve(
      { hostname: "127.0.0.1", port: web!, onListen() {} },
      (request, info) => harness.app.fetch(request, info),
    );
    browser = await sharedBrowser();
  }, 120_000);
  afterAll(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    await server?.shutdown();
    await harness?.close();
  });

  const open = async (options: BrowserContextOptions = desktop) => {
    const context = await browser.newContext({ locale: "fr-FR", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => faults.push(error.message));
    return page;
  };
  const link = (login: string) =>
    giveAccount(harness.system, baseUrl, {
      login,
      givenName: "Camille",
      familyName: "MARTIN",
      roles: ["operator_administrator"],
      isReset: false,
    });
  const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).click();
  const alert = (page: Page) => page.getByRole("alert").textContent();

  /** A device that knows its user by touch. */
  async function addAuthenticator(page: Page): Promise<void> {
    const device = await page.context().newCDPSession(page);
    await device.send("WebAuthn.enable");
    await device.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
  }

  test("an account is set up by password and application, and signs in by them", async () => {
    const page = await open();
    await page.goto(await link("c.martin"));
    await page.getByRole("button", { name: /mot de passe et des codes/ }).waitFor();
    // The link is a secret: it does not stay where others may read it.
    expect(page.url()).toBe(`${baseUrl}/sign-in?staff`);
    await look(page, "staff-choice");
    await press(page, /mot de passe et des codes/);
    await page.getByLabel("Nouveau mot de passe").fill("motdepasse1234");
    await press(page, "Continuer");
    expect(await alert(page)).toMatch(/Trop facile à deviner/);
    await look(page, "staff-password-refused");
    await page.getByLabel("Nouveau mot de passe").fill(password);
    await press(page, "Continuer");
    const secret = (await page.locator("code").textContent())?.replaceAll(" ", "") ?? "";
    await look(page, "staff-totp");
    const application = new Application(harness, secret);
    await page.getByLabel("Premier code").fill("000000");
    await press(page, "Terminer");
    expect(await alert(page)).toMatch(/pas le bon/);
    await page.getByLabel("Premier code").fill(application.code());
    await press(page, "Terminer");
    await page.getByRole("heading", { name: "Votre compte est en service" }).waitFor();
    expect(await page.locator("li code").count()).toBe(10);
    const [recovery = ""] = await page.locator("li code").allTextContents();
    await look(page, "staff-recovery-codes");
    await page.getByRole("link", { name: /entrer/ }).click();
    await page.waitForURL(`${baseUrl}/admin`);

    // Again, from the doctors' page, with a code that is wrong first.
    const again = await open({ ...phone, colorScheme: "dark" });
    await again.goto(`${baseUrl}/sign-in`);
    const way = again.getByRole("link", { name: "Personnel de l'opérateur" });
    await way.waitFor();
    await look(again, "sign-in-with-staff-link");
    await way.click();
    await again.getByLabel("Identifiant").fill("C.Martin");
    await again.getByLabel("Mot de passe").fill("autre chose entièrement");
    await look(again, "staff-sign-in-phone-dark");
    await again.keyboard.press("Enter");
    expect(await alert(again)).toMatch(/Connexion refusée/);
    await again.getByLabel("Mot de passe").fill(password);
    await again.keyboard.press("Enter");
    await again.getByLabel("Code à usage unique").fill(application.code());
    await again.keyboard.press("Enter");
    expect(await alert(again)).toMatch(/Connexion refusée/);
    await look(again, "staff-code-refused-phone-dark");
    await again.getByLabel("Code à usage unique").fill(await application.next());
    await again.keyboard.press("Enter");
    await again.waitForURL(`${baseUrl}/admin`);

    // And with a recovery code, the telephone being lost.
    const lost = await open();
    await lost.goto(`${baseUrl}/sign-in?staff`);
    await lost.getByLabel("Identifiant").fill("c.martin");
    await lost.getByLabel("Mot de passe").fill(password);
    await press(lost, "Continuer");
    await press(lost, "Utiliser un code de secours");
    await lost.getByLabel("Code de secours").fill(recovery);
    await press(lost, "Se connecter");
    await lost.waitForURL(`${baseUrl}/admin`);
    expect(faults).toEqual([]);
  }, 120_000);

  test(
    "a passkey sets an account up, signs in without a login, and is asked for again by what matters",
    async () => {
      const page = await open();
      await addAuthenticator(page);
      await page.goto(await link("d.durand"));
      await press(page, /Par une clé d'accès/);
      await page.getByLabel("Nom de la clé").fill("Ordinateur du bureau");
      await press(page, "Créer la clé d'accès");
      await page.getByRole("heading", { name: "Votre compte est en service" }).waitFor();
      await page.getByRole("link", { name: "Entrer" }).click();
      await page.waitForURL(`${baseUrl}/admin`);

      await page.context().clearCookies();
      await page.goto(`${baseUrl}/sign-in?staff`);
      await press(page, "Se connecter avec une clé d'accès");
      await page.waitForURL(`${baseUrl}/admin`);

      // Five minutes later a colleague is invited.
      harness.clock.pass(301);
      await page.goto(`${baseUrl}/admin/staff/accounts`);
      await press(page, "Inviter une personne");
      const form = page.getByRole("dialog");
      await form.getByLabel("Identifiant").fill("e.petit");
      await form.getByLabel("Prénom").fill("Élise");
      await form.getByLabel("Nom", { exact: true }).fill("PETIT");
      await look(page, "staff-invite");
      await form.getByRole("button", { name: "Inviter une personne" }).click();
      const confirm = page.getByRole("dialog", { name: "Confirmez que c'est vous" });
      await confirm.getByRole("button", { name: /clé d'accès/ }).waitFor();
      await look(page, "staff-step-up");
      await confirm.getByRole("button", { name: /clé d'accès/ }).click();
      const shown = page.getByRole("dialog", { name: /Lien pour Élise PETIT/ });
      await shown.waitFor();
      expect(await shown.getByRole("textbox").inputValue()).toMatch(/\/sign-in\?staff#[\w-]{43}$/);
      await look(page, "staff-link");
      await shown.getByRole("button").last().click();
      await page.getByText("e.petit").waitFor();
      await look(page, "staff-accounts");

      await page.goto(`${baseUrl}/admin/staff/factors`);
      await page.getByText("Ordinateur du bureau").waitFor();
      await look(page, "staff-factors");
      await page.setViewportSize(phone.viewport);
      await page.emulateMedia({ colorScheme: "dark" });
      await look(page, "staff-factors-phone-dark");
      await press(page, /Retirer la clé d'accès/);
      await page.getByRole("dialog").getByRole("button", { name: "Retirer la clé d'accès" }).click();
      expect(await page.getByRole("dialog").getByRole("alert").textContent()).toMatch(/seul moyen d'entrer/);
      await look(page, "staff-last-factor-phone-dark");
      expect(faults).toEqual([]);
    },
    120_000,
  );

  test("a link that was used says so, and where to go", async () => {
    const page = await open();
    await page.goto(`${baseUrl}/sign-in?staff#${"A".repeat(43)}`);
    await page.getByRole("heading", { name: "Ce lien ne sert plus" }).waitFor();
    expect(await alert(page)).toMatch(/plus valable/);
    await look(page, "staff-link-over");
    await page.getByRole("link", { name: "Aller à la connexion" }).click();
    await page.getByLabel("Identifiant").waitFor();
    expect(faults).toEqual([]);
  });
});
