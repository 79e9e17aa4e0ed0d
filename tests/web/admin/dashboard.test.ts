import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { attackedDashboard, busyDashboard, platformDashboard, quietDashboard } from "./samples.ts";
import { operatorSession, problemOf, structure } from "./scripted-api.ts";

useConsole();

const path = `/api/v1/structures/${structure.id}/dashboard`;
const screen = `/admin/structures/${structure.id}/dashboard`;

describe("the dashboard", () => {
  test("says first what is most urgent, with the way to it", async () => {
    const { page } = await openConsole(screen, { [`GET ${path}`]: busyDashboard });
    const cards = page.locator("article h3");
    await cards.first().waitFor();
    expect(await cards.allInnerTexts()).toEqual([
      "Le serveur de messagerie ne répond pas",
      "12 boîtes refusées par le serveur de messagerie",
      "1 boîte partagée que personne ne lit",
    ]);
    const link = page.getByRole("link", { name: "cardiologie@ch-saint-germain.mssante.fr" });
    expect(await link.getAttribute("href")).toContain(`/admin/structures/${structure.id}/mailboxes/`);
    await look(page, "admin-dashboard");
  });

  test("says that all is well when nothing is wrong", async () => {
    const { page } = await openConsole(screen, { [`GET ${path}`]: quietDashboard });
    await page.getByText("Tout va bien").waitFor();
    await look(page, "admin-dashboard-quiet");
  });

  test("an operator sees the platform and its white list, on a phone too", async () => {
    const { page } = await openConsole("/admin", {
      "GET /api/v1/session": operatorSession,
      "GET /api/v1/dashboard": platformDashboard,
    }, phone);
    await page.getByText("Liste blanche MSSanté").waitFor();
    await look(page, "admin-dashboard-phone");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test.each(
    [
      ["desktop", desktop],
      ["phone", phone],
      ["dark", { ...desktop, colorScheme: "dark" as const }],
    ] as const,
  )("tells of attacks on the ways in, those that go on first: %s", async (name, options) => {
    const { page } = await openConsole("/admin", {
      "GET /api/v1/session": operatorSession,
      "GET /api/v1/dashboard": attackedDashboard(platformDashboard),
    }, options);
    const cards = page.locator("article");
    const [ongoing, ended] = [
      cards.filter({ hasText: "2 attaques en cours sur les connexions" }),
      cards.filter({ hasText: "2 attaques terminées sur les connexions" }),
    ];
    await ongoing.getByText("214 comptes essayés").waitFor();
    expect(await ongoing.getByText("203.0.113.0/24").count()).toBe(1);
    const box = ongoing.getByRole("link", { name: /^secretariat/ });
    expect(await box.getAttribute("href")).toContain(`/admin/structures/${structure.id}/mailboxes/`);
    expect(await ended.getByText("un nom qui n'est à personne").count()).toBe(1);
    expect(await ended.getByText("2001:db8:1f00::/48").count()).toBe(1);
    await look(page, `admin-dashboard-attacks-${name}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("in the dark", async () => {
    const { page } = await openConsole(screen, { [`GET ${path}`]: busyDashboard }, {
      ...desktop,
      colorScheme: "dark",
    });
    await page.locator("article h3").first().waitFor();
    await look(page, "admin-dashboard-dark");
  });

  test("changes by itself, and says so when it can no longer", async () => {
    const { page, api } = await openConsole(screen, { [`GET ${path}`]: busyDashboard });
    await page.locator("article h3").first().waitFor();
    await page.clock.install();
    await page.reload();
    await page.locator("article h3").first().waitFor();
    api.answers[`GET ${path}`] = quietDashboard;
    await page.clock.runFor(16_000);
    await page.getByText("Tout va bien").waitFor();
    api.answers[`GET ${path}`] = () => problemOf("service-unavailable", 503);
    await page.clock.runFor(16_000);
    await eventually(() => page.getByText(/n'a pas pu être actualisé/).count()).toBe(1);
    expect(await page.getByText("Tout va bien").count()).toBe(1);
  });

  test("a refusal is said, with another try", async () => {
    const { page } = await openConsole(screen, { [`GET ${path}`]: () => problemOf("forbidden", 403) });
    await page.getByRole("alert").getByRole("button", { name: "Réessayer" }).waitFor();
    await look(page, "admin-dashboard-refused");
  });
});
