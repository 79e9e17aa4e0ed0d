/** What stands between a person and a mistake: screens that are not his, words not saved, and what « all » means. */
import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { operatorSession, sessionOf, structure } from "./scripted-api.ts";
import { longStructure, structurePath, tenancy } from "./tenancy-samples.ts";

useConsole();

const base = `/admin/structures/${structure.id}`;

describe("a screen that is not for the role of who types its address", () => {
  test("says so, without the tools of a list, and asks nothing of the API", async () => {
    for (const place of ["audit", "mailboxes", "people", "staff", "privacy/erasures"]) {
      const { page, api } = await openConsole(`/admin/${place}`, tenancy());
      await page.getByRole("heading", { name: "Cet écran n'est pas pour votre rôle" }).waitFor();
      expect(await page.locator("main").getByRole("link").allInnerTexts()).toEqual([
        "Retour à l'accueil de l'administration",
      ]);
      expect(api.asked.filter((asked) => asked.startsWith(`GET /api/v1/${place}`))).toEqual([]);
    }
  });

  test("on a phone; an auditor is let in to the trail and to what software may do", async () => {
    const manager = sessionOf([
      { role: "mailbox_manager", structureId: structure.id, structureName: structure.name },
    ]);
    const { page } = await openConsole(`${base}/webhooks`, { "GET /api/v1/session": manager }, phone);
    await page.getByRole("heading", { name: "Cet écran n'est pas pour votre rôle" }).waitFor();
    await look(page, "not-for-you-phone");
    const auditor = sessionOf([{ role: "auditor", structureId: null, structureName: null }]);
    const seen = await openConsole(`${base}/webhooks`, {
      "GET /api/v1/session": auditor,
      [`GET ${structurePath}/webhooks`]: { items: [] },
    });
    await seen.page.getByText("Aucun webhook").waitFor();
  });
});

describe("words that are not saved", () => {
  test("are asked about before the screen is left, and kept by who stays", async () => {
    const { page, faults } = await openConsole(`${base}/settings`, tenancy());
    const contact = page.getByLabel("Contact", { exact: true });
    await contact.fill("Mme Vasseur");
    await page.getByRole("link", { name: "Domaines" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("sera perdu").waitFor();
    await look(page, "unsaved");
    await dialog.getByRole("button", { name: "Annuler" }).click();
    expect(await contact.inputValue()).toBe("Mme Vasseur");
    await page.getByRole("link", { name: "Domaines" }).click();
    await dialog.getByRole("button", { name: "Quitter sans enregistrer" }).click();
    await page.waitForURL(/domains$/);
    expect(faults).toEqual([]);
  });

  test("are no matter once they are saved, or were never typed", async () => {
    const { page } = await openConsole(`${base}/settings`, {
      ...tenancy(),
      [`PATCH ${structurePath}`]: {
        ...longStructure,
        version: 8,
        settings: { ...longStructure.settings, contactName: "Mme Vasseur" },
      },
    });
    await page.getByLabel("Contact", { exact: true }).fill("Mme Vasseur");
    await page.getByRole("button", { name: "Enregistrer" }).click();
    await page.getByText("Enregistré", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Domaines" }).click();
    await page.waitForURL(/domains$/);
    await page.goBack();
    await page.getByLabel("Contact", { exact: true }).waitFor();
    await page.goBack({ waitUntil: "commit" }).catch(() => undefined);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

describe("all that a list finds", () => {
  test("is named to the API by what was searched, and asked for by the name of the structure", async () => {
    const batch = { id: "5e200000-0000-4000-8000-000000000001", structureId: structure.id };
    const { page, api } = await openConsole(`${base}/mailboxes?status=active`, {
      ...tenancy(300),
      [`POST ${structurePath}/batches`]: () => Response.json({ ...batch, ...checked }, { status: 201 }),
    });
    await page.getByRole("row").nth(3).waitFor();
    await page.getByRole("checkbox", { name: "Sélectionner toutes les lignes chargées" }).check();
    await page.getByText("100 lignes sélectionnées").waitFor();
    await page.getByRole("button", { name: "Prendre aussi les lignes non chargées" }).click();
    await page.getByText("Toute la liste est sélectionnée").waitFor();
    await look(page, "boxes-all-ticked");
    await page.getByRole("button", { name: "Fermer", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Fermer toutes les boîtes trouvées ?").waitFor();
    await dialog.getByLabel(`Pour confirmer, saisissez : ${structure.name}`).waitFor();
    await look(page, "boxes-all-close");
    expect(api.sent.get(`POST ${structurePath}/batches`)).toEqual({
      action: "close",
      filter: { status: "active" },
      reason: "",
      fields: {},
    });
    await dialog.getByRole("button", { name: "Annuler" }).click();
    // One taken out of all leaves those that are loaded.
    await page.getByRole("checkbox", { name: /^Sélectionner prenom00002/ }).uncheck();
    await page.getByText("99 lignes sélectionnées").waitFor();
  });

  test("at 1280 pixels the list of boxes shows its columns without scrolling sideways", async () => {
    const { page } = await openConsole(`${base}/mailboxes`, tenancy(), {
      ...desktop,
      viewport: { width: 1280, height: 800 },
    });
    await page.getByRole("row").nth(3).waitFor();
    await look(page, "boxes-1280");
    const grid = page.getByRole("grid");
    await eventually(() => grid.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    const cut = await page.getByRole("columnheader").evaluateAll((heads) =>
      heads.filter((head) => head.scrollWidth > head.clientWidth).map((head) => head.textContent)
    );
    expect(cut).toEqual([]);
  });

  test("the list of structures says FINESS and SIRET as people write them", async () => {
    const { page } = await openConsole("/admin/structures", {
      "GET /api/v1/session": operatorSession,
      ...tenancy(),
    });
    await page.getByRole("gridcell", { name: "SIRET 123 456 789 00011" }).waitFor();
    await page.getByRole("gridcell", { name: "FINESS 310000001" }).waitFor();
  });
});

/** A dry run over 284 boxes, as the platform answers it at once. */
const checked = {
  source: "selection",
  action: "close",
  reason: "",
  state: "ready",
  lineCount: 284,
  counts: {
    unchecked: 0,
    create: 0,
    change: 0,
    close: 284,
    suspend: 0,
    resume: 0,
    reopen: 0,
    unchanged: 0,
    error: 0,
  },
  progress: { total: 284, done: 0, failed: 0, undone: 0, kept: 0, checked: 284 },
  createdBy: { kind: "person", id: null, name: "Camille MARTIN" },
  version: 2,
  createdAt: longStructure.createdAt,
  updatedAt: longStructure.createdAt,
  checkedAt: longStructure.createdAt,
  runAt: null,
  finishedAt: null,
};
