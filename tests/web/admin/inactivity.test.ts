import { describe, expect, test } from "vitest";
import { desktop, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id } from "./samples.ts";
import { type Answers, pageOf, type Schemas, structure } from "./scripted-api.ts";

useConsole();

const base = `/api/v1/structures/${structure.id}/inactivity`;
const screen = `/admin/structures/${structure.id}/inactivity`;
const day = 60 * 24;
const delays = { noticeAfterDays: 335, objectionDays: 30, depublishAfterDays: 60, closeAfterDays: 90 };
const settings: Schemas["InactivitySettings"] = { ...delays, isAutomatic: false, version: 2 };
const previewed = (number: number): Schemas["InactivityPreview"] => ({
  mailboxId: id(1, number),
  address: `praticien.parti.${number}@ch-saint-germain.mssante.fr`,
  type: "PER",
  displayName: "",
  lastAuthenticatedAt: number % 3 === 0 ? null : ago(day * (340 + number)),
  inactiveDays: 340 + number,
  noticeAt: ago(0),
  objectUntil: ago(-day * 30),
  depublishAt: ago(-day * 60),
  closeAt: ago(-day * 90),
});
const campaign: Schemas["InactivityCampaign"] = {
  id: id(3, 7),
  structureId: structure.id,
  state: "running",
  ...delays,
  counts: { pending: 0, noticed: 14, objected: 6, returned: 2, depublished: 3, closing: 1, dropped: 0 },
  startedBy: { kind: "person", id: id(2, 1), name: "Camille MARTIN" },
  startedAt: ago(day * 20),
  endedAt: null,
  version: 1,
};
const answers: Answers = {
  [`GET ${base}/settings`]: settings,
  [`GET ${base}/preview`]: {
    ...pageOf(...Array.from({ length: 23 }, (_, number) => previewed(number))),
    total: 23,
  },
  [`GET ${base}/campaigns`]: pageOf(),
};

describe("the inactive boxes", () => {
  test("who would get what and when is shown before the notices leave", async () => {
    const { page, api, faults } = await openConsole(screen, {
      ...answers,
      [`POST ${base}/campaigns`]: () => Response.json(campaign, { status: 201 }),
    });
    await page.getByRole("row", { name: /praticien\.parti\.1@/ }).waitFor();
    await look(page, "admin-inactivity");
    await page.getByRole("button", { name: "Lancer la campagne…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("23 titulaires recevront un préavis dans leur boîte").waitFor();
    await look(page, "admin-inactivity-start");
    expect(api.sent.size).toBe(0);
    await dialog.getByRole("button", { name: "Envoyer les préavis" }).click();
    await page.getByText("Campagne lancée").waitFor();
    expect(api.sent.get(`POST ${base}/campaigns`)).toEqual({ confirm: true });
    expect(faults).toEqual([]);
  });

  test("the delays say where they come from, and keep their order", async () => {
    const { page, api } = await openConsole(screen, {
      ...answers,
      [`PATCH ${base}/settings`]: { ...settings, closeAfterDays: 120, version: 3 },
    }, { ...desktop, colorScheme: "dark" });
    await page.locator("summary", { hasText: "Délais" }).click();
    await page.getByText(/CNIL, AU-037/).waitFor();
    const closing = page.getByLabel("Fermeture après (jours)");
    await closing.fill("10");
    await page.getByText(/ni la fermeture avant la dépublication/).waitFor();
    await look(page, "admin-inactivity-delays");
    await closing.fill("120");
    await page.getByRole("button", { name: "Enregistrer les délais" }).click();
    await page.getByText("Délais enregistrés").waitFor();
    expect(api.sent.get(`PATCH ${base}/settings`)).toMatchObject({ closeAfterDays: 120 });
  });

  test("a campaign says where its boxes stand, on a phone", async () => {
    const { page } = await openConsole(screen, {
      ...answers,
      [`GET ${base}/preview`]: { ...pageOf(), total: 0 },
      [`GET ${base}/campaigns`]: pageOf(campaign),
    }, phone);
    await page.getByText(/Préavis envoyé : 14/).waitFor();
    await page.getByText("Aucune boîte inactive").waitFor();
    await look(page, "admin-inactivity-phone");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
