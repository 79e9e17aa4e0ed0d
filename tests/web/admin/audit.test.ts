import { describe, expect, test } from "vitest";
import { eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id } from "./samples.ts";
import { type Answers, pageOf, type Schemas, structure } from "./scripted-api.ts";

useConsole();

const path = `/api/v1/structures/${structure.id}/audit`;
const screen = `/admin/structures/${structure.id}/audit`;

function event(number: number, changes: Partial<Schemas["AuditEvent"]>): Schemas["AuditEvent"] {
  return {
    id: number,
    seq: number,
    at: ago(number * 7),
    structureId: structure.id,
    actorKind: "person",
    actorId: id(2, 1),
    actorLabel: "Camille MARTIN",
    action: "mailbox.change",
    subjectKind: "mailbox",
    subjectId: id(1, 1),
    before: { address: "laboratoire@ch-saint-germain.mssante.fr", quotaBytes: 1_048_576 },
    after: { address: "laboratoire@ch-saint-germain.mssante.fr", quotaBytes: 5_242_880 },
    reason: null,
    requestId: crypto.randomUUID(),
    previousHash: "a".repeat(64),
    hash: "b".repeat(64),
    ...changes,
  };
}
const events = [
  event(9, {}),
  event(8, { action: "session.start", subjectKind: "session", before: null, after: { acr: "eidas1" } }),
  event(7, { action: "mailbox.suspend", reason: "Départ en retraite du titulaire" }),
  event(6, {
    actorKind: "service",
    actorLabel: "Dossier patient informatisé",
    action: "mailbox.create",
    before: null,
  }),
  event(5, { actorKind: "system", actorLabel: "apply-mailbox", action: "mailbox.provision" }),
];
const answers: Answers = { [`GET ${path}`]: pageOf(...events) };

describe("the trail", () => {
  test("is read in words, and one event in all its values", async () => {
    const { page, faults } = await openConsole(screen, answers);
    await page.getByRole("row", { name: /Suspension d'une boîte/ }).waitFor();
    await look(page, "admin-audit");
    await page.getByRole("link", { name: "Modification d'une boîte" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("rowheader", { name: "Quota d'espace" }).waitFor();
    expect(await dialog.locator("tbody tr").count()).toBe(1);
    expect(await dialog.locator("tbody td").allInnerTexts()).toEqual(["1 Mo", "5 Mo"]);
    await look(page, "admin-audit-event");
    await dialog.getByRole("button", { name: "Fermer" }).click();
    await eventually(() => new URL(page.url()).searchParams.has("event")).toBe(false);
    expect(faults).toEqual([]);
  });

  test("is narrowed by action, period and subject, each in the URL and asked of the API", async () => {
    const { page, api } = await openConsole(screen, answers);
    await page.getByRole("row", { name: /Suspension d'une boîte/ }).waitFor();
    await page.getByRole("combobox", { name: "Action" }).selectOption({ label: "Connexion" });
    await eventually(() => api.asked.at(-1)).toContain("action=session.start");
    await page.getByRole("button", { name: "7 derniers jours" }).click();
    await eventually(() => api.asked.at(-1)).toContain("from=");
    await page.getByRole("link", { name: "Modification d'une boîte" }).first().click();
    await page.getByRole("button", { name: "Tout ce qui concerne cet objet" }).click();
    await eventually(() => api.asked.at(-1)).toContain(`subjectId=${id(1, 1)}`);
    await page.getByText(/Seulement ce qui concerne/).waitFor();
    const link = await page.getByRole("link", { name: "Exporter" }).getAttribute("href");
    expect(link).toMatch(/audit\/export\?.*from=.*subjectId=/);
  });

  test("on a phone", async () => {
    const { page } = await openConsole(screen, answers, phone);
    await page.getByRole("row", { name: /Suspension d'une boîte/ }).waitFor();
    await look(page, "admin-audit-phone");
  });
});
