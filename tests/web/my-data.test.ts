/** « Mes données » in the settings of the webmail: the charter, the consents, the archive. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { components } from "../../web/src/lib/api/generated/api.ts";
import { desktop, eventually, look, openScreen, phone, useBrowser } from "./screens.ts";

useBrowser();

type Schemas = components["schemas"];
const charter: Schemas["Charter"] = {
  id: "5a000001-0000-4000-8000-000000000001",
  version: "2026-09",
  title: "Charte d'utilisation de la messagerie sécurisée",
  text: "Article 1. La messagerie sert aux échanges de données de santé.\n\nArticle 2. Gardez vos secrets.",
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  publishedAt: "2026-09-01T08:00:00.000Z",
};
const archive: Schemas["Export"] = {
  id: "5a000002-0000-4000-8000-000000000001",
  kind: "person",
  mailboxId: null,
  status: "queued",
  failure: null,
  doneCount: 0,
  totalCount: null,
  sizeBytes: null,
  sha256: null,
  createdAt: "2026-11-21T08:00:00.000Z",
  readyAt: null,
  expiresAt: null,
};

interface Said {
  readonly key: string | undefined;
  readonly body: unknown;
}

/** An API of privacy that remembers what it was told. */
class Privacy {
  charter: Schemas["CurrentCharter"] = { charter, acceptedAt: null };
  consents: Schemas["ConsentList"]["items"] = [
    { purpose: "service-news", isGiven: false, decidedAt: null },
    { purpose: "satisfaction-survey", isGiven: true, decidedAt: "2026-10-02T08:00:00.000Z" },
  ];
  archives: Schemas["Export"][] = [];
  refuses: string | undefined;
  readonly told: Record<string, Said[]> = {};

  answer(name: string, said: Said | undefined): unknown {
    if (said !== undefined) (this.told[name] ??= []).push(said);
    if (name === "charter") return this.charter;
    if (name === "charter/acceptance") {
      this.charter = { charter, acceptedAt: new Date().toISOString() };
      return charter;
    }
    if (name === "consents") {
      const decision = said?.body as Schemas["ConsentDecision"] | undefined;
      this.consents = this.consents.map((one) =>
        one.purpose === decision?.purpose
          ? { ...one, ...decision, decidedAt: "2026-11-21T08:00:00.000Z" }
          : one
      );
      return { items: this.consents };
    }
    if (said === undefined) return { items: this.archives };
    this.archives = [archive];
    return archive;
  }
}

/** The webmail with an API of privacy behind it; nothing is opened yet. */
async function openWith(privacy: Privacy, options: BrowserContextOptions = desktop) {
  const { page, server, faults } = await openScreen(options);
  await page.route("**/api/v1/inactivity-notices", (route) => route.fulfill({ json: { items: [] } }));
  await page.route("**/api/v1/privacy/**", async (route) => {
    const request = route.request();
    const name = new URL(request.url()).pathname.slice("/api/v1/privacy/".length);
    const isWrite = request.method() !== "GET";
    if (isWrite && privacy.refuses !== undefined) {
      const type = `/problems/${privacy.refuses}`;
      return await route.fulfill({ status: 409, json: { type, status: 409 } });
    }
    const said = isWrite
      ? { key: request.headers()["idempotency-key"], body: request.postDataJSON() as unknown }
      : undefined;
    await route.fulfill({ status: isWrite ? 201 : 200, json: privacy.answer(name, said) as object });
  });
  return { page, server, faults };
}

async function openSettings(privacy: Privacy, options: BrowserContextOptions = desktop) {
  const { page, server, faults } = await openWith(privacy, options);
  await page.goto(`${server.url}/settings`);
  await page.getByRole("heading", { name: "Mes données" }).waitFor();
  return { page, faults };
}

const askButton = (page: Page) => page.getByRole("button", { name: "Demander mon archive" });

describe("a charter to accept", () => {
  test("is asked about beside the mail, which goes on; read and accepted, it is not asked again", async () => {
    const privacy = new Privacy();
    const { page, server, faults } = await openWith(privacy);
    await page.goto(`${server.url}/mail`);
    const question = page.getByRole("region", { name: "Une charte d'utilisation attend votre accord" });
    await question.waitFor();
    await look(page, "charter-question");
    await page.locator("[role=option]").nth(3).click();
    await page.frameLocator("iframe").getByText("Cher confrère").waitFor();
    await question.getByRole("button", { name: "Lire la charte" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Article 2. Gardez vos secrets.").waitFor();
    await look(page, "charter-dialog");
    await dialog.getByRole("button", { name: "J'accepte la charte" }).click();
    await dialog.getByText(/^Acceptée le/).waitFor();
    await dialog.getByRole("button", { name: "Fermer" }).click();
    await eventually(() => question.count()).toBe(0);
    await page.reload();
    await page.locator("[role=option] .who").first().waitFor();
    await eventually(() => server.log.filter((line) => line.endsWith("/session")).length).toBeGreaterThan(2);
    expect(await question.count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("put off, it waits for the next visit; on a phone, in the dark", async () => {
    const privacy = new Privacy();
    const { page, server } = await openWith(privacy, { ...phone, colorScheme: "dark" });
    await page.goto(`${server.url}/mail`);
    const question = page.getByRole("region", { name: "Une charte d'utilisation attend votre accord" });
    await question.waitFor();
    await look(page, "charter-question-phone-dark");
    await question.getByRole("button", { name: "Plus tard" }).click();
    await eventually(() => question.count()).toBe(0);
    await page.reload();
    await page.locator("[role=option] .who").first().waitFor();
    await page.waitForLoadState("networkidle");
    expect(await question.count()).toBe(0);
    expect(privacy.told).toEqual({});
  });
});

describe("my data", () => {
  test("the charter is read open and accepted; then it says when", async () => {
    const privacy = new Privacy();
    const { page, faults } = await openSettings(privacy);
    await page.getByText("Article 2. Gardez vos secrets.").waitFor();
    await page.getByText("Vous n'avez pas encore accepté").waitFor();
    await page.getByRole("heading", { name: "Mes données" }).scrollIntoViewIfNeeded();
    await look(page, "my-data-charter");
    await page.getByRole("button", { name: "J'accepte la charte" }).press("Enter");
    await page.getByText(/^Acceptée le/).waitFor();
    expect(privacy.told["charter/acceptance"]).toEqual([{
      key: expect.stringMatching(/^.{20,}$/),
      body: { charterId: charter.id },
    }]);
    expect(faults).toEqual([]);
  });

  test("one that was replaced meanwhile is not accepted unread", async () => {
    const privacy = new Privacy();
    const { page } = await openSettings(privacy);
    privacy.refuses = "charter-outdated";
    privacy.charter = { charter: { ...charter, version: "2026-12", text: "Article 3." }, acceptedAt: null };
    await page.getByRole("button", { name: "J'accepte la charte" }).click();
    await page.getByText("Une version plus récente vient d'être publiée").waitFor();
    await page.getByText("Article 3.").waitFor();
    expect(privacy.told).toEqual({});
  });

  test("a consent is given and withdrawn by its switch; refused, it goes back", async () => {
    const privacy = new Privacy();
    const { page } = await openSettings(privacy, { ...phone, colorScheme: "dark" });
    const news = page.getByRole("switch", { name: "Recevoir des nouvelles du service" });
    await news.press(" ");
    await page.getByText(/^Donné le samedi 21/).waitFor();
    const survey = page.getByRole("switch", { name: /enquêtes/ });
    await survey.click();
    await page.getByText(/^Retiré ou refusé le/).waitFor();
    expect(privacy.told["consents"]?.map(({ body }) => body)).toEqual([
      { purpose: "service-news", isGiven: true },
      { purpose: "satisfaction-survey", isGiven: false },
    ]);
    privacy.refuses = "internal-error";
    await news.click();
    await page.getByText("Votre choix n'a pas pu être enregistré").waitFor();
    expect(await news.isChecked()).toBe(true);
    await news.scrollIntoViewIfNeeded();
    await look(page, "my-data-phone-dark");
  });

  test("an archive is asked for, watched, and given with its end; an old one is not", async () => {
    const privacy = new Privacy();
    const { page, faults } = await openSettings(privacy);
    await page.getByLabel("Avec le courrier").uncheck();
    await askButton(page).click();
    await page.getByText("En attente").waitFor();
    expect(await askButton(page).isDisabled()).toBe(true);
    privacy.archives = [{ ...archive, status: "running", doneCount: 120, totalCount: 400 }];
    await page.getByText("120 messages sur 400").waitFor();
    await askButton(page).scrollIntoViewIfNeeded();
    await look(page, "my-data-archive");
    const expiresAt = new Date(Date.now() + 7 * 86_400_000).toISOString();
    privacy.archives = [
      { ...archive, status: "ready", doneCount: 400, totalCount: 400, sizeBytes: 52_428_800, expiresAt },
      { ...archive, id: `${archive.id.slice(0, -1)}2`, status: "ready", expiresAt: archive.createdAt },
    ];
    const download = page.getByRole("link", { name: "Télécharger" });
    await download.waitFor();
    expect(await download.getAttribute("href")).toBe(`/api/v1/privacy/exports/${archive.id}/archive`);
    await page.getByText(/Disponible jusqu'au/).waitFor();
    await page.getByText("Expirée").waitFor();
    expect(privacy.told["exports"]?.map(({ body }) => body)).toEqual([{ includeMail: false }]);
    await eventually(() => askButton(page).isEnabled()).toBe(true);
    await download.scrollIntoViewIfNeeded();
    await look(page, "my-data-archive-ready");
    await page.getByLabel("English").check();
    await page.getByRole("heading", { name: "My data" }).waitFor();
    await page.getByRole("link", { name: "Download" }).scrollIntoViewIfNeeded();
    await look(page, "my-data-english");
    expect(faults).toEqual([]);
  });

  test("one that is already being made is watched, not asked for twice", async () => {
    const privacy = new Privacy();
    const { page } = await openSettings(privacy);
    await eventually(() => askButton(page).isEnabled()).toBe(true);
    privacy.refuses = "export-running";
    privacy.archives = [archive];
    await askButton(page).click();
    await page.getByText("Une archive est déjà en préparation.").waitFor();
    await page.getByText("En attente").waitFor();
  });
});
