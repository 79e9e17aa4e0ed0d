/** Second act: the structure's administrator moves in with 200 boxes, then does what every week asks of her. */
import { expect } from "vitest";
import { until } from "../../support/until.ts";
import { boxAt, boxesFile, lineCount, mistakesOf } from "./boxes-file.ts";
import { lookAround } from "./looks.ts";
import { type Desk, tilleuls } from "./world.ts";

const { domain } = tilleuls;
const delegated = boxAt(13, domain);
const suspended = boxAt(14, domain);

export interface Traces {
  readonly batchId: string;
  readonly mailboxId: string;
  /** Address of the box that Dr Bernard now opens too. */
  readonly delegated: string;
}

export async function moveIn(desk: Desk, structureId: string): Promise<Traces> {
  const { page, hand } = desk;
  await hand.press("link", "Ouvrir l'administration");
  await page.getByRole("heading", { level: 1, name: `Tableau de bord – ${tilleuls.name}` }).waitFor();
  expect(await page.getByRole("link", { name: "Toutes les boîtes" }).count(), "the operator's lists").toBe(0);
  await lookAround(page, "structure-dashboard");
  const batchId = await importBoxes(desk);
  const mailboxId = await delegate(desk);
  await suspend(desk);
  await readTrail(desk, structureId);
  return { batchId, mailboxId, delegated };
}

async function importBoxes({ page, hand }: Desk): Promise<string> {
  await hand.press("link", /^Imports/);
  await page.getByText("Aucun import").waitFor();
  await lookAround(page, "imports-none");
  await hand.press("button", "Importer un fichier");
  await hand.give(/Déposez le fichier/, boxesFile(domain));
  await page.getByRole("dialog").getByText("boites-ehpad-les-tilleuls.csv").waitFor();
  await lookAround(page, "import-upload");
  await hand.press("button", "Vérifier le fichier");

  await page.waitForURL(/batches\/[0-9a-f-]{36}/);
  const batchId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  const mistakes = mistakesOf(domain);
  await page.getByRole("link", { name: `${mistakes.length} erreurs` }).waitFor();
  await page.getByRole("link", { name: `${lineCount - mistakes.length} créations` }).waitFor();
  await lookAround(page, "import-errors");

  for (const { line, label, right } of mistakes) {
    const card = page.getByRole("article").filter({ hasText: new RegExp(`^Ligne ${line}\\b`) });
    await hand.type(`Ligne ${line}, colonne ${label}`, right, card);
    await hand.click(card.getByRole("button", { name: "Corriger" }), `correct line ${line}`);
    await page.getByText(`Ligne ${line} corrigée`).waitFor();
  }
  await page.getByRole("link", { name: `${lineCount} créations` }).waitFor();
  expect(await page.getByRole("link", { name: /erreur/ }).count(), "errors that remain").toBe(0);
  await lookAround(page, "import-corrected");

  await hand.press("button", "Lancer l'import");
  const question = page.getByRole("dialog");
  await question.getByText(`${lineCount} créations`).waitFor();
  await lookAround(page, "import-question");
  await hand.click(question.getByRole("button", { name: "Lancer l'import" }), "run");
  await page.getByText(`${lineCount} lignes appliquées`).first().waitFor({ timeout: 60_000 });
  await lookAround(page, "import-done");
  return batchId;
}

async function openBox({ page, hand }: Desk, address: string): Promise<void> {
  await hand.press("link", "Boîtes");
  await page.getByRole("heading", { level: 1, name: "Boîtes" }).waitFor();
  await hand.click(page.getByRole("searchbox"), "search");
  await page.getByRole("searchbox").fill(address.split("@")[0] ?? "");
  await page.waitForURL(/q=/);
  await hand.click(page.getByRole("row", { name: new RegExp(address) }).getByText(address), `row ${address}`);
  await page.getByRole("heading", { level: 1, name: address }).waitFor();
}

/** A box of a unit is lent to Dr Bernard, of another structure, for reading and answering. */
async function delegate(desk: Desk): Promise<string> {
  const { page, hand } = desk;
  await hand.press("link", "Boîtes");
  await page.getByRole("row").nth(10).waitFor();
  await lookAround(page, "mailboxes");
  await openBox(desk, delegated);
  const mailboxId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await lookAround(page, "mailbox");
  await hand.press("button", "Donner une délégation");
  const dialog = page.getByRole("dialog");
  await hand.type("… ou son N° RPPS", "99900000029", dialog);
  await hand.type("Prénom", "Bruno", dialog);
  await hand.type("Nom", "BERNARD", dialog);
  await hand.click(dialog.getByRole("checkbox", { name: "Envoyer de la part de la boîte" }), "right");
  await lookAround(page, "delegation");
  await hand.click(dialog.getByRole("button", { name: "Donner une délégation" }), "delegate");
  await page.getByText("Délégation donnée").waitFor();
  await page.getByText("Bruno BERNARD").waitFor();
  await lookAround(page, "mailbox-delegated");
  return mailboxId;
}

async function suspend(desk: Desk): Promise<void> {
  const { page, hand } = desk;
  await openBox(desk, suspended);
  await hand.press("button", "Suspendre");
  const question = page.getByRole("dialog");
  await hand.type("Motif (conservé dans le journal d'audit)", "Service fermé pour travaux", question);
  await lookAround(page, "suspension");
  await hand.click(question.getByRole("button", { name: "Suspendre" }), "suspend");
  await page.getByText("Service fermé pour travaux").waitFor();
  await page.getByRole("button", { name: "Rétablir" }).waitFor();
  await lookAround(page, "mailbox-suspended");
}

/** Who did what: each act under the name of who did it. */
async function readTrail({ page, hand }: Desk, structureId: string): Promise<void> {
  await hand.press("link", "Journal d'audit");
  await page.waitForURL(new RegExp(`${structureId}/audit`));
  const row = (act: RegExp, subject: RegExp | string, who: RegExp | string) =>
    page.getByRole("row").filter({ hasText: act }).filter({ hasText: subject }).filter({ hasText: who });
  await row(/suspen/i, suspended, "Hélène HENRY").first().waitFor();
  await row(/délégation/i, delegated, "Hélène HENRY").first().waitFor();
  await lookAround(page, "audit");
  await hand.type("Personne, objet, motif ou identifiant", "OPERATEUR");
  await row(/structure/i, tilleuls.name, "Olivier OPERATEUR").first().waitFor();
  await until(
    "only Olivier's acts are left",
    async () => await page.getByRole("row").filter({ hasText: "Hélène HENRY" }).count() === 0,
  );
  await lookAround(page, "audit-operator");
}
