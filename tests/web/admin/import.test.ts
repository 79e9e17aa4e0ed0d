import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { batch, line } from "./samples.ts";
import { type Answers, pageOf, type Schemas, structure } from "./scripted-api.ts";

useConsole();

const base = `/api/v1/structures/${structure.id}`;
const screen = `/admin/structures/${structure.id}/batches`;
const path = `/api/v1/batches/${batch.id}`;

const wrong = [
  line(17, {
    state: "error",
    address: "secrétariat@ch-saint-germain.mssante.fr",
    fields: { adresse: "secrétariat@ch-saint-germain.mssante.fr", type: "ORG" },
    errors: [{ column: "adresse", code: "invalid", message: "has a character that an address has not" }],
  }),
  line(42, {
    state: "error",
    fields: { adresse: "boite.42@ch-saint-germain.mssante.fr", type: "PERS", titulaire_rpps: "" },
    errors: [
      { column: "type", code: "invalid", message: "is none of PER, ORG, APP, CAB" },
      { column: "titulaire_rpps", code: "required", message: "is required" },
    ],
  }),
];
const right = [
  line(2, { after: { type: "ORG", displayName: "Secrétariat", quotaBytes: 1_073_741_824 } }),
  line(3, {
    state: "change",
    before: { displayName: "Labo", redList: false },
    after: { displayName: "Laboratoire d'anatomopathologie", redList: true },
  }),
  line(4, { state: "close", before: { status: "active" }, after: { status: "closing" } }),
];
const answers: Answers = {
  [`GET ${base}/batches`]: pageOf(batch),
  [`GET ${path}`]: batch,
  [`GET ${path}/lines`]: (_request: Request, url: URL) =>
    pageOf(...(url.searchParams.get("state") === "error" ? wrong : [...right, ...wrong])),
};

describe("an import", () => {
  test("a file is handed over, checked without being waited for, and followed elsewhere", async () => {
    const checking: Schemas["Batch"] = {
      ...batch,
      state: "checking",
      progress: { ...batch.progress, checked: 60 },
    };
    const { page, api } = await openConsole(`${screen}?new=1`, {
      ...answers,
      [`POST ${base}/batches`]: () => Response.json(checking, { status: 201 }),
      [`GET ${path}`]: checking,
      [`GET ${base}/people`]: pageOf(),
      [`GET ${base}/invitations`]: pageOf(),
    });
    await page.getByLabel(/Déposez le fichier/).setInputFiles({
      name: "boites.csv",
      mimeType: "text/csv",
      buffer: Buffer.from("adresse;type\nlabo@ch-saint-germain.mssante.fr;ORG\n"),
    });
    await look(page, "admin-import-upload");
    await page.getByRole("button", { name: "Vérifier le fichier" }).click();
    await page.getByRole("heading", { level: 1, name: /Import du/ }).waitFor();
    await page.getByText(/60 lignes sur 200/).first().waitFor();
    expect(api.sent.get(`POST ${base}/batches`)).toContain("labo@ch-saint-germain");
    await look(page, "admin-import-checking");
    await page.getByRole("link", { name: "Personnes", exact: true }).click();
    await page.getByRole("progressbar", { name: /^Import du/ }).waitFor();
    api.answers[`GET ${path}`] = batch;
    await eventually(() => page.getByText(/5 erreurs/).count()).toBeGreaterThan(0);
  });

  test("shows what is wrong first, by line and column, and takes the correction there", async () => {
    const { page, api, faults } = await openConsole(`${screen}/${batch.id}`, {
      ...answers,
      [`PATCH ${path}/lines/42`]: line(42, { after: { type: "ORG" } }),
    });
    const field = page.getByRole("textbox", { name: "Ligne 42, colonne type" });
    await field.waitFor();
    await look(page, "admin-import-errors");
    expect(await page.getByText("Cette valeur manque.").count()).toBe(1);
    await field.fill("ORG");
    await page.locator("article", { hasText: "Ligne 42" }).getByRole("button", { name: "Corriger" }).click();
    await page.getByText("Ligne 42 corrigée").waitFor();
    expect(api.sent.get(`PATCH ${path}/lines/42`)).toEqual({ fields: { type: "ORG" } });
    expect(faults).toEqual([]);
  });

  test("says what will change before it runs, and that errors stay aside", async () => {
    const running = { ...batch, state: "running", version: 4 };
    const { page, api } = await openConsole(`${screen}/${batch.id}?state=all`, {
      ...answers,
      [`POST ${path}/run`]: () => {
        api.answers[`GET ${path}`] = running;
        return running;
      },
    });
    await page.getByText("Laboratoire d'anatomopathologie").waitFor();
    await look(page, "admin-import-diff");
    await page.getByRole("button", { name: "Lancer l'import" }).click();
    const dialog = page.getByRole("dialog");
    for (const said of ["180 créations", "12 modifications", "2 fermetures", /5 lignes en erreur seront/]) {
      await dialog.getByText(said).waitFor();
    }
    await look(page, "admin-import-run");
    await dialog.getByRole("button", { name: "Lancer l'import" }).click();
    await page.getByText("Import lancé").waitFor();
    expect(api.sent.get(`POST ${path}/run`)).toEqual({ skipErrors: true });
  });

  test("on a phone", async () => {
    const { page } = await openConsole(`${screen}/${batch.id}`, answers, phone);
    await page.getByRole("textbox", { name: "Ligne 42, colonne type" }).waitFor();
    await look(page, "admin-import-phone");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("none yet", async () => {
    const { page } = await openConsole(screen, { [`GET ${base}/batches`]: pageOf() });
    await page.getByText("Aucun import").waitFor();
    await look(page, "admin-import-empty");
  });
});
