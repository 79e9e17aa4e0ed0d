/** The list of a structure's app passwords in the console, and its switch. */
import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { problemOf, type Schemas, structure } from "./scripted-api.ts";
import { domain, longStructure, sharedBox, structurePath, tenancy } from "./tenancy-samples.ts";

useConsole();

const screen = `/admin/structures/${structure.id}/app-passwords`;
const path = `${structurePath}/app-passwords`;
const at = "2026-11-02T08:30:00.000Z";
type One = Schemas["StructureAppPassword"];
const one = (place: number, change: Partial<One> = {}): One => ({
  id: `5f000002-0000-4000-8000-${String(place).padStart(12, "0")}`,
  mailboxId: sharedBox.id,
  address: `secretariat.consultations.hemostase.anticoagulotherapie@${domain.name}`,
  person: {
    id: "5b000004-0000-4000-8000-000000000001",
    givenName: "Anne-Sophie",
    familyName: `DELAUNAY-VERMEERSCH ${place}`,
  },
  device: "Téléphone de garde du service d'hémostase et d'anticoagulothérapie",
  scopes: ["imap", "submission"],
  createdAt: at,
  expiresAt: "2027-11-02T08:30:00.000Z",
  lastUsedAt: at,
  status: "live",
  ...change,
});
const pageOf = (items: readonly One[], total = items.length) => ({ items, nextCursor: null, total });
const many = Array.from({ length: 30 }, (_, place) => one(place + 1));
const dark = { ...desktop, colorScheme: "dark" as const };

describe("the devices of a structure", () => {
  test("are listed with whose they are; those ticked are disconnected together", async () => {
    let items = [...many.slice(0, 3), one(9, { status: "expired", lastUsedAt: null, scopes: ["imap"] })];
    const { page, api, faults } = await openConsole(screen, {
      ...tenancy(),
      [`GET ${path}`]: () => pageOf(items),
      [`POST ${path}/revocation`]: () => {
        items = items.slice(2);
        return { count: 2 };
      },
    });
    await page.getByText("DELAUNAY-VERMEERSCH 3").waitFor();
    await look(page, "app-passwords");
    for (const place of [1, 2]) {
      await page.getByRole("row", { name: new RegExp(`VERMEERSCH ${place}\\b`) }).getByRole("checkbox")
        .check();
    }
    await page.getByRole("button", { name: "Retirer", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Retirer 2 appareils").waitFor();
    await look(page, "app-passwords-remove");
    await dialog.getByRole("button", { name: "Retirer" }).click();
    await eventually(() => page.getByText("DELAUNAY-VERMEERSCH 1").count()).toBe(0);
    expect(api.sent.get(`POST ${path}/revocation`)).toEqual({ appPasswordIds: [many[0]?.id, many[1]?.id] });
    expect(faults).toEqual([]);
  });

  test("all of them end by one act, which must be typed; a refusal is said and nothing is lost", async () => {
    const { page, api } = await openConsole(screen, {
      ...tenancy(),
      [`GET ${path}`]: () => pageOf(many, 10_000),
      [`POST ${path}/revocation`]: () => problemOf("service-unavailable", 503),
    }, dark);
    await page.getByRole("button", { name: "Retirer tous les appareils…" }).click();
    const dialog = page.getByRole("dialog");
    const remove = dialog.getByRole("button", { name: "Retirer" });
    expect(await remove.isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill("RETIRER TOUT");
    await look(page, "app-passwords-all-dark");
    await remove.click();
    await dialog.getByRole("alert").waitFor();
    api.answers[`POST ${path}/revocation`] = { count: 10_000 };
    api.answers[`GET ${path}`] = pageOf([]);
    await remove.click();
    await page.getByRole("heading", { name: "Aucun appareil" }).waitFor();
    expect(api.sent.get(`POST ${path}/revocation`)).toEqual({ filter: {} });
    expect(await page.getByRole("button", { name: "Retirer tous les appareils…" }).count()).toBe(0);
    await look(page, "app-passwords-none-dark");
  });

  test("on a phone, in the dark; and an error", async () => {
    const { page, api } = await openConsole(screen, {
      ...tenancy(),
      [`GET ${path}`]: () => problemOf("internal-error", 500),
    }, { ...phone, colorScheme: "dark" });
    await page.locator("main").getByRole("alert").waitFor();
    await look(page, "app-passwords-error-phone-dark");
    api.answers[`GET ${path}`] = pageOf(many);
    await page.getByRole("button", { name: "Réessayer" }).click();
    await page.getByText("DELAUNAY-VERMEERSCH 1").first().waitFor();
    await look(page, "app-passwords-phone-dark");
  });

  test("the switch of the structure says what ends before it is saved", async () => {
    const settings = { ...longStructure.settings, appPasswordsAllowed: true };
    const { page } = await openConsole(`/admin/structures/${structure.id}/settings`, {
      ...tenancy(),
      [`GET ${structurePath}`]: { ...longStructure, settings },
    });
    await page.getByLabel("Mots de passe pour logiciels").uncheck();
    await page.getByText("prennent fin définitivement").waitFor();
    await look(page, "app-passwords-switch");
  });
});
