/// <reference lib="dom" />
/**
 * Every way in and out, in a browser and at the whole platform: the first sign-in, a second situation of exercise, a session that
 * ends in the middle of a draft, both logouts, and the phone in place of a card reader.
 */
import pg from "pg";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mailServersAtHand, type Stack, startStack } from "../../support/stack.ts";
import { lookAround } from "../admin/looks.ts";
import { identityProviderOrigin, openProfile, startBrowser } from "../support/browser.ts";

/** What a session is does not depend on the mail server: one is enough. */
const mail = mailServersAtHand()[0] ?? "cyrus";

describe("signing in and out", () => {
  let stack: Stack;
  let browser: Browser;
  let providerOrigin: string;

  beforeAll(async () => {
    stack = await startStack({ mail });
    browser = await startBrowser();
    providerOrigin = await identityProviderOrigin(stack.baseUrl);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  }, 60_000);

  async function openPage(): Promise<Page> {
    const { context } = await openProfile(browser, [stack.baseUrl, providerOrigin]);
    // A machine that has other things to do is slow, and nothing here is about speed.
    context.setDefaultTimeout(60_000);
    return await context.newPage();
  }

  async function present(page: Page, card: RegExp): Promise<void> {
    await page.getByRole("link", { name: /Pro Santé Connect/ }).click();
    await page.getByRole("button", { name: card }).click();
  }

  async function control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${stack.controls.proSanteConnect}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json() as T;
  }

  async function rows(query: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(stack.adminDatabaseUrl);
    await client.connect();
    try {
      return (await client.query(query, values)).rows;
    } finally {
      await client.end();
    }
  }

  const inMail = (page: Page) => page.getByRole("button", { name: "Écrire" }).first().waitFor();

  async function write(page: Page, subject: string, text: string): Promise<void> {
    await page.getByRole("button", { name: "Écrire" }).first().click();
    await page.getByLabel("Objet").fill(subject);
    await page.getByLabel("Texte du message").fill(text);
  }

  test("for the first time, a doctor stands before her mail with one button and one card", async () => {
    const page = await openPage();
    await page.goto(stack.baseUrl);
    await page.getByRole("link", { name: /confirmer sur votre téléphone/ }).waitFor();
    await lookAround(page, "sign-in");
    await present(page, /Anne ALLARD/);
    await inMail(page);
    expect(new URL(page.url()).pathname).toMatch(/^\/mail/);
  }, 160_000);

  test("who practises in two places says once in which one he works, and may change it", async () => {
    const page = await openPage();
    await page.goto(`${stack.baseUrl}/settings`);
    await present(page, /Bruno BERNARD/);
    await page.getByRole("heading", { name: /Dans quelle situation exercez-vous/ }).waitFor();
    const choices = page.getByRole("radio");
    await choices.first().waitFor();
    expect(await choices.count()).toBe(2);
    expect(await page.getByRole("radio", { checked: true }).count()).toBe(0);
    await lookAround(page, "situation");
    const second = page.getByRole("group").locator("label").nth(1);
    const place = await second.locator("strong").innerText();
    await second.click();
    await page.getByRole("button", { name: "Continuer" }).click();
    // Where he wanted to go.
    await page.waitForURL((url) => url.pathname === "/settings");
    await page.getByText(place, { exact: true }).waitFor();

    const elsewhere = await openPage();
    await elsewhere.goto(`${stack.baseUrl}/settings`);
    await present(elsewhere, /Bruno BERNARD/);
    await elsewhere.getByText(place, { exact: true }).waitFor();
    await elsewhere.getByRole("link", { name: "Changer de situation" }).click();
    await elsewhere.getByRole("group").locator("label").first().click();
    await elsewhere.getByRole("button", { name: "Continuer" }).click();
    await elsewhere.waitForURL((url) => url.pathname === "/settings");
    await expect.poll(() => elsewhere.getByText(place, { exact: true }).count()).toBe(0);
  }, 160_000);

  test("a session that runs out in the middle of a draft costs a card, and not one word", async () => {
    const page = await openPage();
    await page.goto(stack.baseUrl);
    await present(page, /Anne ALLARD/);
    await inMail(page);
    const text = `Mon cher confrère, le résultat ${crypto.randomUUID()} appelle`;
    await write(page, "Brouillon en cours", text);
    // The server has it: it is no draft that must be saved, and on the screen again all the same.
    await page.getByText("Brouillon enregistré").first().waitFor({ timeout: 60_000 });
    const place = new URL(page.url()).pathname;
    await rows(
      `update app.sessions set expires_at = now() where ended_at is null and person_id in
         (select id from app.people where id_nat_ps = '899900000011')`,
    );
    const dialog = page.getByRole("dialog").filter({ hasText: /session/i });
    const again = dialog.getByRole("link", { name: "Se connecter à nouveau" });
    // She looks at the page again, after a while with a patient.
    await expect.poll(async () => {
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      return await again.isVisible();
    }, { timeout: 60_000, interval: 500 }).toBe(true);
    await dialog.getByText(/brouillon/i).first().waitFor();
    await lookAround(page, "expired");
    await again.click();
    // The provider still knows her: nothing is asked where its own session stands, a card where it does not.
    await page.waitForURL((url) => url.origin === stack.baseUrl && url.pathname.startsWith("/mail"));
    expect(new URL(page.url()).pathname).toBe(place);
    await expect.poll(() => page.getByLabel("Texte du message").inputValue(), { timeout: 60_000 }).toBe(text);
    expect(await page.getByLabel("Objet").inputValue()).toBe("Brouillon en cours");
  }, 160_000);

  test("a sign-out ends the session here and at Pro Santé Connect", async () => {
    const page = await openPage();
    await page.goto(stack.baseUrl);
    await present(page, /Hélène HENRY/);
    await page.getByRole("button", { name: /Se déconnecter|Déconnexion/ }).first().click();
    await page.getByText("Vous êtes déconnecté").waitFor();
    expect(new URL(page.url()).origin).toBe(stack.baseUrl);
    // The provider has forgotten her: the next person at this workstation is asked for a card.
    await page.getByRole("link", { name: /Pro Santé Connect/ }).click();
    await page.getByRole("button", { name: /Hélène HENRY/ }).waitFor();
    expect(new URL(page.url()).origin).toBe(providerOrigin);
  }, 160_000);

  test("a sign-out at Pro Santé Connect ends the session here at once, the draft staying", async () => {
    const page = await openPage();
    await page.goto(stack.baseUrl);
    await present(page, /Anne ALLARD/);
    await inMail(page);
    const text = `Suite du courrier ${crypto.randomUUID()}`;
    await write(page, "Autre brouillon", text);
    const { delivered } = await control<{ delivered: number }>("POST", "/sign-outs", {
      person: "anne-allard",
      names: "session",
      deliver: true,
    });
    expect(delivered).toBe(200);
    await page.getByRole("link", { name: "Se connecter à nouveau" }).waitFor({ timeout: 60_000 });
    const [row] = await rows(
      "select end_reason from app.sessions where ended_at is not null order by ended_at desc limit 1",
    );
    expect(row?.end_reason).toBe("ended-by-provider");
    // What the server has not been given yet comes back too.
    await page.getByRole("link", { name: "Se connecter à nouveau" }).click();
    await page.waitForURL((url) => url.origin === stack.baseUrl && url.pathname.startsWith("/mail"));
    await expect.poll(() => page.getByLabel("Texte du message").inputValue(), { timeout: 60_000 }).toBe(text);
  }, 160_000);

  test("without a card reader, two digits are compared and confirmed on the phone", async () => {
    const page = await openPage();
    await page.goto(stack.baseUrl);
    await page.getByRole("link", { name: /confirmer sur votre téléphone/ }).click();
    await page.getByLabel("Numéro RPPS").fill("123");
    await page.getByRole("button", { name: "Envoyer la demande" }).click();
    await page.getByText(/n'a pas la forme d'un RPPS/).waitFor();
    await lookAround(page, "phone");

    const compare = page.getByRole("heading", { name: /Comparez ce nombre/ });
    await page.getByLabel("Numéro RPPS").fill("999 0000 0011");
    await page.getByRole("button", { name: "Envoyer la demande" }).click();
    await compare.waitFor();
    const refused = await ringing();
    expect(await page.locator(".code").innerText()).toContain(refused.bindingMessage);
    await lookAround(page, "phone-code");
    await control("POST", "/phones", { id: refused.id, answer: "refuse" });
    await page.getByText("Vous avez annulé la connexion.").waitFor();

    await page.getByRole("link", { name: /confirmer sur votre téléphone/ }).click();
    await page.getByLabel("Numéro RPPS").fill("99900000011");
    await page.getByRole("button", { name: "Envoyer la demande" }).click();
    await compare.waitFor();
    await control("POST", "/phones", { id: (await ringing()).id, answer: "confirm" });
    await inMail(page);
  }, 160_000);

  test(
    "an act that wants the card again gets it in a window of its own, and nothing that was typed is lost",
    async () => {
      const page = await openPage();
      await page.goto(`${stack.baseUrl}/admin/staff/accounts`);
      await present(page, /Olivier/);
      await page.getByRole("button", { name: "Inviter une personne" }).first().click();
      const dialog = page.getByRole("dialog", { name: "Inviter une personne" });
      const login = `c.martin-${crypto.randomUUID().slice(0, 8)}`;
      await dialog.getByLabel("Identifiant").fill(login);
      await dialog.getByLabel("Prénom").fill("Claude");
      await dialog.getByLabel("Nom", { exact: true }).fill("MARTIN");
      await rows(
        "update app.sessions set authenticated_at = authenticated_at - interval '20 minutes' where ended_at is null",
      );
      await dialog.getByRole("button", { name: "Inviter une personne" }).click();
      const ask = page.getByRole("button", { name: "Présenter ma carte ou mon téléphone" });
      await lookAround(page, "card-again");

      const [refused] = await Promise.all([page.waitForEvent("popup"), ask.click()]);
      await refused.getByRole("button", { name: "Annuler la connexion" }).click();
      await refused.getByText("Vous avez annulé la connexion.").waitFor();
      await Promise.all([
        refused.waitForEvent("close"),
        (async () => {
          await refused.getByRole("link", { name: "Recommencer" }).click();
          await refused.getByRole("button", { name: /Olivier/ }).click();
        })(),
      ]);
      // The act was done by itself, with all that was in the form.
      await page.getByRole("dialog", { name: /Lien pour Claude MARTIN/ }).waitFor();
      expect(await rows("select login from app.staff_accounts where login = $1", [login])).toHaveLength(1);
    },
    160_000,
  );

  async function ringing(): Promise<{ id: string; bindingMessage: string }> {
    const [request] = (await control<{ id: string; bindingMessage: string }[]>("GET", "/phones")).slice(-1);
    if (!request) throw new Error("no phone rings");
    return request;
  }
});
