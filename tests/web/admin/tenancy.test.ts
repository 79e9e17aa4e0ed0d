/** Structures and the lists of the console: what they hold and remember, opening, changing, the questions before an act. */
import { describe, expect, test } from "vitest";
import { eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { operatorSession, problemOf, structure } from "./scripted-api.ts";
import { longStructure, structurePath, structures, tenancy } from "./tenancy-samples.ts";

useConsole();

const asOperator = () => ({ "GET /api/v1/session": operatorSession, ...tenancy() });
const dark = { viewport: { width: 1440, height: 900 }, colorScheme: "dark" as const };
const base = `/admin/structures/${structure.id}`;

describe("lists", () => {
  test("ten thousand boxes are scrolled through with a few rows in the page", async () => {
    const { page, faults } = await openConsole(`${base}/mailboxes`, tenancy(10_000));
    const grid = page.getByRole("grid");
    await page.getByRole("row").nth(5).waitFor();
    await look(page, "boxes-10000");
    for (let turn = 0; turn < 12; turn++) {
      await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      await page.waitForTimeout(60);
    }
    await eventually(() => page.getByText(/premières lignes/).innerText()).toMatch(/^[1-9]\d{2,} /);
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    await grid.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/mailboxes\/5b000003/);
    expect(faults).toEqual([]);
  });

  test("what is searched, filtered and sorted stands in the URL and is asked of the API", async () => {
    const { page, api } = await openConsole(`${base}/mailboxes`, tenancy());
    await page.getByRole("row").nth(3).waitFor();
    await page.getByRole("searchbox").fill("prenom00017");
    await page.waitForURL(/q=prenom00017/);
    await eventually(() => page.getByRole("row").count()).toBe(2);
    await page.getByRole("combobox", { name: "État" }).selectOption("suspended");
    await page.waitForURL(/status=suspended/);
    await page.getByRole("button", { name: "Adresse" }).click();
    await page.waitForURL(/sort=address/);
    await eventually(() => api.asked.at(-1)).toMatch(/q=prenom00017.*sort=address.*status=suspended/);
    await page.reload();
    await eventually(() => page.getByRole("searchbox").inputValue()).toBe("prenom00017");
    await page.getByRole("searchbox").fill("personne");
    await page.getByText("Aucun résultat").waitFor();
    await look(page, "boxes-nothing-found");
    await page.getByRole("button", { name: "Tout afficher" }).click();
    await eventually(() => new URL(page.url()).search).toBe("?sort=address");
  });

  test("columns are chosen and remembered", async () => {
    const { page } = await openConsole(`${base}/mailboxes`, tenancy());
    await page.getByRole("row").nth(3).waitFor();
    expect(await page.getByRole("columnheader", { name: "Alias" }).count()).toBe(0);
    await page.getByRole("button", { name: "Colonnes" }).click();
    await page.getByRole("checkbox", { name: "Alias" }).check();
    await look(page, "boxes-columns");
    await page.reload();
    await page.getByRole("columnheader", { name: "Alias" }).waitFor();
  });

  test("a list that cannot be read says why, and is read again", async () => {
    const { page, api } = await openConsole("/admin/structures", {
      ...asOperator(),
      "GET /api/v1/structures": () => problemOf("internal-error", 500, { instance: "urn:request:7f3a" }),
    });
    await page.getByText("Référence pour le support : urn:request:7f3a").waitFor();
    await look(page, "structures-error");
    api.answers["GET /api/v1/structures"] = { items: structures.slice(0, 3), nextCursor: null };
    await page.getByRole("button", { name: "Réessayer" }).click();
    await eventually(() => page.getByRole("row").count()).toBe(4);
  });

  test("structures on a desktop, in the dark, on a phone, and none at all", async () => {
    for (const [name, options] of [["light", undefined], ["dark", dark], ["phone", phone]] as const) {
      const { page } = await openConsole("/admin/structures", asOperator(), options);
      await page.getByRole("row").nth(2).waitFor({ state: "attached" });
      await look(page, `structures-${name}`);
    }
    const { page } = await openConsole("/admin/structures", {
      ...asOperator(),
      "GET /api/v1/structures": { items: [], nextCursor: null },
    });
    await page.getByText("Aucune structure n'est encore hébergée").waitFor();
    await look(page, "structures-empty");
  });
});

describe("structures", () => {
  test("an operator opens a structure with its domain and its administrator in one go", async () => {
    const { page, api } = await openConsole("/admin/structures/new", {
      ...asOperator(),
      "POST /api/v1/structures": () => Response.json(longStructure, { status: 201 }),
    });
    await page.getByLabel("FINESS ou SIRET").fill("123 456 789 00011");
    await page.getByText("Lu comme : SIRET 123 456 789 00011").waitFor();
    await page.getByLabel("Nom de la structure").fill(structure.name);
    await page.getByLabel("Nom de domaine").fill("@CH-Saint-Germain.mssante.fr");
    await page.getByLabel("N° RPPS").fill("10100000019");
    await page.getByRole("button", { name: "Ouvrir la structure" }).click();
    await page.getByText("Ce n'est pas un numéro RPPS").waitFor();
    expect(api.sent.size).toBe(0);
    await page.getByLabel("N° RPPS").fill("10100000016");
    await page.getByLabel("Prénom").fill("Camille");
    await page.getByLabel("Nom", { exact: true }).fill("MARTIN");
    await look(page, "structure-new");
    await page.getByRole("button", { name: "Ouvrir la structure" }).click();
    await page.waitForURL(new RegExp(`${structure.id}$`));
    expect(api.sent.get("POST /api/v1/structures")).toEqual({
      idNatStruct: "312345678900011",
      name: structure.name,
      domains: ["ch-saint-germain.mssante.fr"],
      administrator: { idNatPs: "810100000016", givenName: "Camille", familyName: "MARTIN" },
    });
  });

  test("an answer that is lost is asked for again under the same key", async () => {
    const keys: (string | null)[] = [];
    const { page } = await openConsole("/admin/structures/new", {
      ...asOperator(),
      "POST /api/v1/structures": (request: Request) => {
        keys.push(request.headers.get("idempotency-key"));
        return keys.length === 1
          ? problemOf("service-unavailable", 503)
          : Response.json(longStructure, { status: 201 });
      },
    });
    await page.getByLabel("FINESS ou SIRET").fill("310012345");
    await page.getByLabel("Nom de la structure").fill("Cabinet des Tilleuls");
    await page.getByRole("button", { name: "Ouvrir la structure" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "Ouvrir la structure" }).click();
    await page.waitForURL(new RegExp(`${structure.id}$`));
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  test("closing asks for the name, says what will happen, and keeps the question when it is refused", async () => {
    const { page, api } = await openConsole(base, {
      ...asOperator(),
      [`POST ${structurePath}/closing`]: () =>
        problemOf("structure-has-open-mailboxes", 409, { count: 1284 }),
    });
    await page.getByRole("button", { name: "Fermer la structure…" }).click();
    const dialog = page.getByRole("dialog");
    const confirm = dialog.getByRole("button", { name: "Fermer la structure" });
    await dialog.getByText("C'est définitif").waitFor();
    await dialog.getByLabel("Motif").fill("Fusion");
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel(/Pour confirmer/).fill(structure.name);
    await look(page, "structure-closing");
    await confirm.click();
    await dialog.getByRole("alert").waitFor();
    expect(await dialog.getByLabel("Motif").inputValue()).toBe("Fusion");
    expect(api.sent.get(`POST ${structurePath}/closing`)).toEqual({
      reason: "Fusion",
      confirmName: structure.name,
    });
  });

  test("two administrators change the same structure: who typed keeps what was typed", async () => {
    let version = 7;
    const { page, api } = await openConsole(`${base}/settings`, {
      ...tenancy(),
      [`PATCH ${structurePath}`]: (request: Request) =>
        request.headers.get("if-match") === `"${version}"`
          ? { ...longStructure, version: version + 1 }
          : problemOf("version-mismatch", 412, { currentVersion: version }),
    });
    await page.getByLabel("Contact", { exact: true }).fill("Mme Vasseur");
    version = 8;
    api.answers[`GET ${structurePath}`] = {
      ...longStructure,
      version,
      settings: { ...longStructure.settings, contactName: "M. Petit", contactPhone: "01 02 03 04 05" },
    };
    await page.getByRole("button", { name: "Enregistrer" }).click();
    await page.getByText("Contact : maintenant « M. Petit »").waitFor();
    await look(page, "settings-clash");
    expect(await page.getByLabel("Contact", { exact: true }).inputValue()).toBe("Mme Vasseur");
    expect(await page.getByLabel("Téléphone").inputValue()).toBe("01 02 03 04 05");
    await page.getByRole("button", { name: "Enregistrer" }).click();
    await page.getByText("Enregistré", { exact: true }).waitFor();
    expect(api.sent.get(`PATCH ${structurePath}`)).toEqual({ settings: { contactName: "Mme Vasseur" } });
  });
});

describe("everywhere", () => {
  test("Ctrl+K finds a place, an act of the screen, a structure and a box", async () => {
    const { page } = await openConsole(base, asOperator());
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("combobox");
    await palette.fill("suspendre");
    await page.getByRole("option", { name: /Suspendre/ }).first().waitFor();
    await look(page, "palette-act");
    await palette.fill("tilleuls n° 12");
    await page.getByRole("option", { name: "Cabinet médical des Tilleuls n° 12" }).waitFor();
    await palette.fill("regl");
    await page.getByRole("option", { name: "Réglages" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/settings$/);
  });

  test("a person without a role is sent back to the mail", async () => {
    const { page } = await openConsole("/admin", {
      "GET /api/v1/session": { ...operatorSession, roles: [] },
    });
    await page.getByRole("heading", { name: "Rien à administrer" }).waitFor();
    await look(page, "no-role");
  });

  test("the navigation of a phone opens over the page and goes away after a choice", async () => {
    const { page } = await openConsole(base, tenancy(), phone);
    await page.getByRole("button", { name: "Afficher la navigation" }).click();
    await look(page, "navigation-phone");
    await page.getByRole("link", { name: "Domaines" }).first().click();
    await page.waitForURL(/domains$/);
    await page.getByRole("row").nth(1).waitFor({ state: "attached" });
    await look(page, "domains-phone");
  });
});
