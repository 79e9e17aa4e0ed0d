/** What an operator does to a structure now and then: its domains, its resellers' structures, a box that goes and comes back, a webhook. */
import { expect } from "vitest";
import { Visitor } from "../support/visitor.ts";
import { lookAround } from "./looks.ts";
import type { Desk, Place } from "./world.ts";

const pole = {
  name: "Pôle de santé des Oliviers",
  domain: "oliviers.mssante.test",
  spare: "ancien.oliviers.mssante.test",
};
const antenna = { name: "Antenne du Pôle des Oliviers", finess: "310077777" };

/** A structure that this act alone has, with its domain. */
export async function newStructure(place: Place): Promise<string> {
  const operator = await Visitor.signIn(place.baseUrl, "olivier-operateur");
  const response = await operator.fetch("/api/v1/structures", {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify({ idNatStruct: "1310066666", name: pole.name, domains: [pole.domain] }),
  });
  expect(response.status).toBe(201);
  return (await response.json()).id;
}

async function answer({ page, hand }: Desk, label: string, reason?: string, typed?: string): Promise<void> {
  const question = page.getByRole("dialog");
  if (reason !== undefined) await hand.type("Motif (conservé dans le journal d'audit)", reason, question);
  if (typed !== undefined) await hand.type(`Pour confirmer, saisissez : ${typed}`, typed, question);
  await hand.click(question.getByRole("button", { name: label }), label);
  await question.waitFor({ state: "detached" });
}

export async function tendDomains(desk: Desk, structureId: string): Promise<void> {
  const { page, hand } = desk;
  await page.goto(new URL(`/admin/structures/${structureId}/domains`, page.url()).href);
  await hand.press("button", "Ajouter un domaine");
  await hand.type("Nom de domaine", pole.spare, page.getByRole("dialog"));
  await answer(desk, "Ajouter un domaine");
  await hand.click(page.getByRole("row", { name: new RegExp(pole.spare) }).getByText(pole.spare), pole.spare);
  await page.getByRole("heading", { level: 1, name: pole.spare }).waitFor();
  await lookAround(page, "domain");

  await hand.press("button", "Suspendre le domaine");
  await answer(desk, "Suspendre le domaine", "Certificat à renouveler");
  await page.getByText("Certificat à renouveler").waitFor();
  await lookAround(page, "domain-suspended");
  await hand.press("button", "Rétablir le domaine");
  await answer(desk, "Rétablir le domaine");
  await page.getByRole("button", { name: "Suspendre le domaine" }).waitFor();

  await hand.press("button", "Fermer le domaine…");
  await answer(desk, "Fermer le domaine", "Fusion des services", pole.spare);
  await page.getByText("Fusion des services").waitFor();
  expect(await page.getByRole("button", { name: /domaine/ }).count(), "acts on a closed domain").toBe(0);
  await lookAround(page, "domain-closed");
}

export async function makeReseller(desk: Desk, structureId: string): Promise<void> {
  const { page, hand } = desk;
  await page.goto(new URL(`/admin/structures/${structureId}/settings`, page.url()).href);
  await hand.press("checkbox", "Peut administrer d'autres structures (revendeur)");
  await hand.press("button", "Enregistrer");
  await page.getByText("Enregistré", { exact: true }).waitFor();
  await hand.press("link", "Vue d'ensemble");
  await page.getByRole("heading", { name: "Structures rattachées" }).waitFor();
  await lookAround(page, "reseller");
  await hand.press("link", "Ouvrir une structure rattachée");
  await hand.type("FINESS ou SIRET", antenna.finess);
  await hand.type("Nom de la structure", antenna.name);
  // Not saved: the way out asks first.
  await hand.press("link", "Toutes les boîtes");
  await hand.click(page.getByRole("dialog").getByRole("button", { name: "Annuler" }), "stay");
  await hand.press("button", "Ouvrir la structure");
  await page.getByRole("heading", { level: 1, name: antenna.name }).waitFor();
  await page.goto(new URL(`/admin/structures?resellerId=${structureId}`, page.url()).href);
  await page.getByRole("row", { name: new RegExp(antenna.name) }).waitFor();
  await page.getByRole("gridcell", { name: `FINESS ${antenna.finess}` }).waitFor();
  expect(await page.getByRole("row").count(), "the reseller's own structures and no other").toBe(2);
}

/** The mail server makes it, shuts it, and opens it again, each within the time a person looks. */
export async function closeAndReopen(desk: Desk, structureId: string): Promise<void> {
  const { page, hand } = desk;
  const address = `accueil@${pole.domain}`;
  await page.goto(new URL(`/admin/structures/${structureId}/mailboxes/new`, page.url()).href);
  await hand.click(page.getByRole("radio", { name: /^ORG/ }), "ORG");
  await page.locator("main").getByLabel("Adresse, avant l'arobase").fill("accueil");
  await hand.press("button", "Ouvrir la boîte");
  await page.getByRole("heading", { level: 1, name: address }).waitFor();

  await hand.press("button", "Fermer");
  await answer(desk, "Fermer", "Service transféré", address);
  await page.getByText(/ses messages seront effacés le/).waitFor();
  await lookAround(page, "mailbox-closing");
  await hand.press("button", "Rouvrir");
  await answer(desk, "Rouvrir");
  await page.getByRole("button", { name: "Suspendre" }).waitFor();
  await page.locator("main").getByText("À jour").first().waitFor({ timeout: 30_000 });
}

/** The call goes out and its outcome is read on the screen; the name leads nowhere. */
export async function tryWebhook(desk: Desk, structureId: string): Promise<void> {
  const { page, hand } = desk;
  await page.goto(new URL(`/admin/structures/${structureId}/webhooks`, page.url()).href);
  await hand.press("button", "Créer un webhook");
  const dialog = page.getByRole("dialog");
  await hand.type("Adresse appelée", "https://recepteur.oliviers.invalid/mssante", dialog);
  await hand.click(dialog.getByRole("button", { name: "Créer un webhook" }), "make");
  await hand.click(dialog.getByRole("button", { name: "J'ai copié la clé" }), "copied");
  await hand.press("button", "Envoyer un essai");
  await page.getByText("Essai envoyé").waitFor();
  await page.getByRole("listitem").filter({ hasText: "Essai" }).getByText(/Échec|prochain essai/).first()
    .waitFor();
  await lookAround(page, "webhook-tried");
}
