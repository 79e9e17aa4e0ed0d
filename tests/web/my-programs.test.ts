/** « Logiciels qui parlent en mon nom » in the settings of the webmail. */
import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { components } from "../../web/src/lib/api/generated/api.ts";
import { desktop, eventually, look, openScreen, phone, useBrowser } from "./screens.ts";

useBrowser();

type OwnProgram = components["schemas"]["OwnProgram"];

const programOf = (number: number, changes: Partial<OwnProgram> = {}): OwnProgram => ({
  id: `5f000009-0000-4000-8000-${String(number).padStart(12, "0")}`,
  name: `Messagerie de poche ${number}`,
  kind: "native",
  authorisedAt: "2026-11-21T08:12:00.000Z",
  lastUsedAt: "2026-11-21T09:40:00.000Z",
  expiresAt: "2026-11-21T12:12:00.000Z",
  ...changes,
});
const software = programOf(1, {
  name: "Dossier patient informatisé du centre hospitalier intercommunal de Saint-Germain-en-Laye",
  kind: "lps",
});

class Programs {
  failing = false;
  readonly told: string[] = [];
  constructor(public items: OwnProgram[]) {}
}

async function openWith(programs: Programs, options: BrowserContextOptions = desktop) {
  const { page, server, faults } = await openScreen(options);
  await page.route("**/api/v1/inactivity-notices", (route) => route.fulfill({ json: { items: [] } }));
  await page.route(
    /\/api\/v1\/(sessions|client-settings|mailboxes\/[^/]+\/app-passwords)/,
    (route) => route.fulfill({ json: { items: [], services: [] } }),
  );
  await page.route(/\/api\/v1\/programs/, async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname;
    if (programs.failing) {
      return await route.fulfill({
        status: 503,
        json: { type: "/problems/service-unavailable", status: 503 },
      });
    }
    if (request.method() !== "DELETE") return await route.fulfill({ json: { items: programs.items } });
    programs.told.push(path);
    programs.items = programs.items.filter(({ id }) => !path.endsWith(id));
    await route.fulfill({ status: 204 });
  });
  await page.goto(`${server.url}/settings`);
  const heading = page.getByRole("heading", { name: "Logiciels qui parlent en mon nom" });
  await heading.waitFor();
  await heading.scrollIntoViewIfNeeded();
  return { page, faults };
}

describe("the programs that speak in my name", () => {
  test("are named with since when and their last use; one is stopped with the keyboard, after a question", async () => {
    const programs = new Programs([software, programOf(2)]);
    const { page, faults } = await openWith(programs);
    await page.getByText("Logiciel de votre structure").waitFor();
    expect(await page.getByText(/autorisé le/).count()).toBe(2);
    expect(await page.getByText(/dernière utilisation le/).count()).toBe(2);
    await look(page, "my-programs");
    await page.getByRole("button", { name: `Retirer son droit à ${software.name}` }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("fermez-y aussi votre session").waitFor();
    await look(page, "my-program-end");
    await page.keyboard.press("Escape");
    await eventually(() => dialog.count()).toBe(0);
    expect(programs.told).toEqual([]);
    await page.getByRole("button", { name: "Retirer son droit à Messagerie de poche 2" }).press("Enter");
    await dialog.getByRole("button", { name: "Retirer", exact: true }).press("Enter");
    await page.getByText("Le droit est retiré").waitFor({ state: "attached" });
    await eventually(() => page.getByText("Messagerie de poche 2").count()).toBe(0);
    expect(programs.told).toEqual([`/api/v1/programs/${programOf(2).id}`]);
    expect(faults).toEqual([]);
  });

  test("are none; many of long names stay within a phone, in the dark", async () => {
    const { page } = await openWith(new Programs([]), { ...phone, colorScheme: "dark" });
    await page.getByText("Aucun programme ne parle en votre nom").waitFor();
    await look(page, "my-programs-none-phone-dark");
    const many = Array.from(
      { length: 30 },
      (_, number) => programOf(number + 1, { name: `Logiciel${"d’anticoagulothérapie".repeat(4)}${number}` }),
    );
    const { page: full } = await openWith(new Programs(many), { ...phone, colorScheme: "dark" });
    await eventually(() => full.getByRole("button", { name: /Retirer son droit/ }).count()).toBe(30);
    expect(await full.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await look(full, "my-programs-many-phone-dark");
  });

  test("that cannot be read are asked for again; one that cannot be stopped stays, and that is said", async () => {
    const programs = new Programs([software]);
    programs.failing = true;
    const { page } = await openWith(programs);
    const part = page.locator(".part").filter({ hasText: "Logiciels qui parlent en mon nom" });
    await part.getByRole("alert").waitFor();
    await look(page, "my-programs-error");
    programs.failing = false;
    await part.getByRole("button", { name: "Réessayer" }).click();
    await part.getByText(software.name).waitFor();
    programs.failing = true;
    await part.getByRole("button", { name: /Retirer son droit/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retirer", exact: true }).click();
    await part.getByRole("alert").waitFor();
    await part.getByText(software.name).waitFor();
  });
});
