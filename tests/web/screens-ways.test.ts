/** The way in, the way out, and what can be missing; and axe's word on every screen. */
import { describe, expect, test } from "vitest";
import { composer, eventually, look, openScreen, rows, useBrowser } from "./screens.ts";

useBrowser();

describe("the way in and what can be missing", () => {
  test("nobody signed in: one button, and why", async () => {
    const { page, server } = await openScreen();
    server.jmap.isSignedOut = true;
    await page.goto(`${server.url}/sign-in?reason=expired&returnTo=%2Fmail`);
    const button = page.getByRole("link", { name: /Pro Santé Connect/ });
    await button.waitFor();
    await look(page, "sign-in");
    expect(await button.getAttribute("href")).toBe("/auth/sign-in?returnTo=%2Fmail");
    await page.goto(`${server.url}/sign-in?returnTo=https://evil.test`);
    expect(await button.getAttribute("href")).toBe("/auth/sign-in?returnTo=%2Fmail");
  });

  test("a page opened without a session leads to the sign-in page and back", async () => {
    const { page, server } = await openScreen();
    server.jmap.isSignedOut = true;
    await page.goto(`${server.url}/mail/anne.allard%40alpha.mssante.test/archive`);
    await page.getByRole("link", { name: /Pro Santé Connect/ }).click();
    await page.getByText("Aucun message ici").waitFor();
    expect(new URL(page.url()).pathname).toBe("/mail/anne.allard%40alpha.mssante.test/archive");
  });

  test("Enter leads in, by the way that was taken before", async () => {
    const { page, server, visit } = await openScreen();
    server.jmap.isSignedOut = true;
    await page.goto(`${server.url}/mail`);
    await page.getByRole("link", { name: /Pro Santé Connect/ }).waitFor();
    await page.keyboard.press("Enter");
    await rows(page).first().waitFor();
    await page.evaluate(() => localStorage.setItem("mss.way", "phone"));
    await visit();
    server.jmap.isSignedOut = true;
    await page.keyboard.press("c");
    await page.getByLabel("Objet").fill("Coupée");
    await page.getByRole("dialog", { name: "Votre session a expiré" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByLabel("Numéro RPPS").waitFor();
    await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe("national-id");
    expect(new URL(page.url()).searchParams.get("returnTo")).toBe("/mail");
  });

  test("an address that leads nowhere says so, once", async () => {
    const { page, server, faults } = await openScreen();
    let visits = 0;
    page.on("request", (request) => visits += Number(request.isNavigationRequest()));
    const asked = page.waitForResponse((response) => response.url().endsWith("/_app/version.json"));
    await page.goto(`${server.url}/nowhere`);
    await (await asked).finished();
    await page.getByRole("heading", { name: "Cette page n'existe pas." }).waitFor();
    await page.waitForLoadState("networkidle");
    await look(page, "not-found");
    expect(visits).toBe(1);
    expect(faults).toEqual([]);
  });

  test("a person without a box", async () => {
    const { page, server } = await openScreen();
    server.hasBoxes = false;
    await page.goto(`${server.url}/mail`);
    await page.getByRole("heading", { name: "Aucune boîte" }).waitFor();
    await look(page, "no-box");
  });

  test("in a box for reading only nothing offers to write, by hand or by keyboard", async () => {
    const { page, server, visit, faults } = await openScreen();
    for (const { accountId } of server.jmap.boxes) {
      server.jmap.announced.set(accountId, {
        relation: "delegate",
        rights: { write: false, sendAs: false, sendOnBehalf: false },
      });
    }
    await visit();
    const write = page.getByRole("button", { name: /Écrire|Répondre|Transférer/ });
    await eventually(() => write.count()).toBe(0);
    await rows(page).nth(3).click();
    await page.frameLocator("iframe").getByText("Cher confrère").waitFor();
    await look(page, "read-only-box");
    await page.keyboard.press("c");
    await page.keyboard.press("r");
    await page.waitForLoadState("networkidle");
    expect(await write.count()).toBe(0);
    expect(await composer(page).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("a mail server that is down at first is waited for", async () => {
    const { page, server } = await openScreen();
    server.jmap.isDown = true;
    await page.goto(`${server.url}/mail`);
    await page.getByText(/Messagerie indisponible/).first().waitFor();
    await look(page, "down-at-first");
    server.jmap.isDown = false;
    await rows(page).first().locator(".who").waitFor();
    await eventually(() => page.getByText(/Messagerie indisponible/).count()).toBe(0);
  });

  test("signing out forgets the drafts that the server holds", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("Objet").fill("Gardé par le serveur");
    await page.getByRole("button", { name: /Se déconnecter/ }).click();
    await page.getByText("Vous êtes déconnecté").waitFor();
    expect(server.own.inFolder("drafts")).toHaveLength(1);
    const kept = await page.evaluate(async () => {
      const { promise, resolve } = Promise.withResolvers<IDBDatabase>();
      const request = indexedDB.open("mss-drafts");
      request.onsuccess = () => resolve(request.result);
      const all = (await promise).transaction("drafts").objectStore("drafts").getAll();
      return await new Promise<number>((done) => all.onsuccess = () => done(all.result.length));
    });
    expect(kept).toBe(0);
  });
});
