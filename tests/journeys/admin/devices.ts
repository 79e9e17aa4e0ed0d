/**
 * A person gives a mail program its password in his settings and comes in with it at once; the administrator, told that the
 * telephone was lost, takes it away.
 */
import { expect } from "vitest";
import type { ImapFlow } from "imapflow";
import { NotLetIn, openBox } from "../../support/mail-program.ts";
import type { Stack } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { lookAround } from "./looks.ts";
import type { Desk } from "./world.ts";

const anne = "anne.allard@alpha.mssante.test";
const device = "Téléphone de garde";

/** @returns the password, as the screen showed it this once. */
export async function addDevice({ page, hand }: Desk): Promise<string> {
  await hand.press("link", "Réglages");
  await page.getByRole("heading", { name: "Mes appareils" }).waitFor();
  await page.getByText("Cette session").waitFor();
  await lookAround(page, "settings-access");
  await hand.press("button", "Ajouter un appareil");
  const dialog = page.getByRole("dialog");
  await hand.type("Appareil ou logiciel", device, dialog);
  await hand.click(dialog.getByRole("button", { name: "Créer le mot de passe" }), "make");
  const secret = dialog.locator(".secret code");
  await secret.waitFor();
  await lookAround(page, "device-secret");
  const password = await secret.innerText();
  await dialog.getByText(anne, { exact: true }).waitFor();
  await hand.click(dialog.getByRole("button", { name: "C'est copié" }), "noted");
  await page.getByText(device).waitFor();
  return password;
}

export async function comeIn({ edge }: Stack, password: string): Promise<ImapFlow> {
  const program = await openBox({ ...edge.imaps, isImplicit: true }, anne, {
    kind: "plain",
    secret: password,
  });
  await program.mailboxOpen("INBOX");
  return program;
}

export async function takeAway({ page, hand }: Desk): Promise<void> {
  await hand.press("link", "Ouvrir l'administration");
  await hand.press("link", "Boîtes");
  await hand.click(page.getByRole("row", { name: new RegExp(anne) }).getByText(anne), anne);
  const card = page.locator("section").filter({
    has: page.getByRole("heading", { name: "Appareils et logiciels de messagerie" }),
  });
  const line = card.getByRole("listitem").filter({ hasText: device });
  await line.getByText(/dernier usage/).waitFor();
  await lookAround(page, "mailbox-devices");
  await hand.click(line.getByRole("button", { name: "Retirer…" }), "take away");
  const question = page.getByRole("dialog");
  await hand.click(question.getByRole("button", { name: "Retirer" }), "confirm");
  await line.waitFor({ state: "detached" });
}

/** The open session ends by itself, and another is refused. */
export async function isOut(stack: Stack, program: ImapFlow, password: string): Promise<void> {
  await until("the open session ends", () => !program.usable, 10);
  await expect(comeIn(stack, password)).rejects.toThrow(NotLetIn);
}
