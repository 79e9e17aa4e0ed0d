import { describe, expect, test } from "vitest";
import { look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id } from "./samples.ts";
import { type Answers, pageOf, type Schemas, structure } from "./scripted-api.ts";

useConsole();

const base = `/api/v1/structures/${structure.id}`;
const account: Schemas["ServiceAccount"] = {
  id: id(6, 1),
  structureId: structure.id,
  name: "Dossier patient informatisé",
  description: "Serveur d'intégration de l'établissement",
  scopes: ["mailbox.read", "mailbox.create"],
  status: "active",
  expiresAt: null,
  version: 1,
  createdAt: ago(60 * 24 * 200),
  updatedAt: ago(60),
  keys: [{
    id: id(7, 1),
    prefix: "mss_sk_7f3a",
    createdAt: ago(60 * 24 * 80),
    expiresAt: ago(-60 * 24 * 10),
    lastUsedAt: ago(3),
    revokedAt: null,
  }],
};
const webhook: Schemas["Webhook"] = {
  id: id(8, 1),
  structureId: structure.id,
  url: "https://si.ch-saint-germain.example/mssante/evenements",
  events: ["mailbox.create", "mailbox.close"],
  status: "disabled",
  disabledAt: ago(60 * 20),
  failingSince: ago(60 * 24 * 6),
  oldSecretsUntil: null,
  version: 4,
  createdAt: ago(60 * 24 * 90),
  updatedAt: ago(60 * 20),
};
const delivery: Schemas["WebhookDelivery"] = {
  id: id(9, 1),
  webhookId: webhook.id,
  event: "mailbox.create",
  seq: 812,
  status: "failed",
  attempts: 12,
  responseStatus: 502,
  error: null,
  createdAt: ago(60 * 24),
  nextAttemptAt: null,
  deliveredAt: null,
};
const answers: Answers = {
  [`GET ${base}/service-accounts`]: pageOf(account),
  [`GET ${base}/webhooks`]: { items: [webhook] },
  [`GET ${base}/webhooks/${webhook.id}/deliveries`]: pageOf(delivery),
};

describe("software accounts", () => {
  const screen = `/admin/structures/${structure.id}/service-accounts`;

  test("a key is shown once, and only the button that says it was copied ends it", async () => {
    const { page, faults } = await openConsole(screen, {
      ...answers,
      [`POST ${base}/service-accounts/${account.id}/keys`]: () =>
        Response.json({ ...account.keys[0], secret: "mss_sk_0123456789abcdef" }, { status: 201 }),
    });
    await page.getByRole("heading", { name: "Dossier patient informatisé" }).waitFor();
    await look(page, "admin-services");
    await page.getByRole("button", { name: "Créer une clé" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("textbox").inputValue()).toBe("mss_sk_0123456789abcdef");
    await look(page, "admin-service-secret");
    await page.keyboard.press("Escape");
    expect(await dialog.count()).toBe(1);
    await dialog.getByRole("button", { name: "J'ai copié la clé" }).click();
    expect(await page.getByText("mss_sk_0123456789abcdef").count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("an account is made with the rights ticked and no other", async () => {
    const { page, api } = await openConsole(screen, {
      [`GET ${base}/service-accounts`]: pageOf(),
      [`POST ${base}/service-accounts`]: () => Response.json(account, { status: 201 }),
    });
    await page.getByText("Aucun compte de logiciel").waitFor();
    await page.getByRole("button", { name: "Créer un compte" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Nom du logiciel").fill("Annuaire interne");
    await dialog.getByRole("button", { name: "Créer un compte" }).click();
    await dialog.getByText("Cochez au moins un droit.").waitFor();
    await dialog.getByLabel("Boîtes", { exact: true }).check();
    await look(page, "admin-service-new");
    await dialog.getByRole("button", { name: "Créer un compte" }).click();
    await page.getByText("Compte créé").waitFor();
    expect(api.sent.get(`POST ${base}/service-accounts`)).toMatchObject({
      name: "Annuaire interne",
      scopes: ["mailbox.read"],
    });
  });
});

describe("webhooks", () => {
  const screen = `/admin/structures/${structure.id}/webhooks`;

  test("one that was disabled says since when, shows its calls, and is enabled again", async () => {
    const { page, api, faults } = await openConsole(screen, {
      ...answers,
      [`PATCH ${base}/webhooks/${webhook.id}`]: { ...webhook, status: "active", version: 5 },
    });
    await page.getByText(/Désactivé le .* après trop d'échecs/).waitFor();
    await page.getByText("Appels récents").click();
    await page.getByText(/HTTP 502/).waitFor();
    await look(page, "admin-webhooks");
    await page.getByRole("button", { name: "Réactiver" }).click();
    await page.getByText("Webhook réactivé").waitFor();
    expect(api.sent.get(`PATCH ${base}/webhooks/${webhook.id}`)).toEqual({ status: "active" });
    expect(faults).toEqual([]);
  });

  test("a secret that others may have seen is replaced at once, and the new one shown once", async () => {
    const { page, api, faults } = await openConsole(screen, {
      ...answers,
      [`GET ${base}/webhooks`]: { items: [{ ...webhook, oldSecretsUntil: ago(-60 * 20) }] },
      [`POST ${base}/webhooks/${webhook.id}/secret`]: () =>
        Response.json({ ...webhook, secret: "whsec_bmV1ZXM=" }, { status: 201 }),
    });
    await page.getByText(/L'ancien secret signe encore jusqu'au/).waitFor();
    await page.getByRole("button", { name: "Remplacer le secret" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("L'ancien secret signe encore").selectOption("0");
    await dialog.getByText("Votre logiciel refusera les appels").waitFor();
    await look(page, "admin-webhook-rotate");
    await dialog.getByRole("button", { name: "Remplacer le secret" }).click();
    await page.getByText("Copiez ce secret maintenant").waitFor();
    expect(await page.getByRole("dialog").getByRole("textbox").inputValue()).toBe("whsec_bmV1ZXM=");
    expect(api.sent.get(`POST ${base}/webhooks/${webhook.id}/secret`)).toEqual({ overlapHours: 0 });
    expect(faults).toEqual([]);
  });

  test("an address that is not https is refused before it is sent, on a phone", async () => {
    const { page, api } = await openConsole(screen, { [`GET ${base}/webhooks`]: { items: [] } }, phone);
    await page.getByText("Aucun webhook").waitFor();
    await page.getByRole("button", { name: "Créer un webhook" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Adresse appelée").fill("http://si.example/");
    await dialog.getByRole("button", { name: "Créer un webhook" }).click();
    await dialog.getByText("L'adresse doit commencer par https://").waitFor();
    await look(page, "admin-webhook-phone");
    expect(api.sent.size).toBe(0);
  });
});
