/** First act: the operator's administrator opens a structure with its domain and its administrator. */
import { expect } from "vitest";
import { lookAround } from "./looks.ts";
import { type Desk, tilleuls } from "./world.ts";

/** @returns the structure's id. */
export async function openStructure({ page, hand }: Desk): Promise<string> {
  await hand.press("link", "Ouvrir l'administration");
  await page.getByRole("heading", { level: 1, name: "Tableau de bord" }).waitFor();
  await page.getByText("Actualisation automatique").waitFor();
  await lookAround(page, "operator-dashboard");
  await hand.press("link", "Structures");
  await page.getByRole("row", { name: /Clinique Bêta/ }).waitFor();
  await lookAround(page, "operator-structures");
  await hand.press("link", "Ouvrir une structure");

  const { administrator } = tilleuls;
  await hand.type("FINESS ou SIRET", tilleuls.siret);
  await page.getByText(`Lu comme : SIRET ${tilleuls.siret}`).waitFor();
  await hand.type("Nom de la structure", tilleuls.name);
  await hand.type("Nom de domaine", tilleuls.domain);
  await hand.type("N° RPPS", administrator.rpps);
  await hand.type("Prénom", administrator.givenName);
  await hand.type("Nom", administrator.familyName);
  await lookAround(page, "operator-new-structure");
  await hand.press("button", "Ouvrir la structure");

  await page.getByRole("heading", { level: 1, name: tilleuls.name }).waitFor();
  await page.waitForURL(/structures\/[0-9a-f-]{36}$/);
  await lookAround(page, "operator-structure");
  const id = page.url().split("/").at(-1) ?? "";
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  return id;
}
