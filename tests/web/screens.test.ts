/**
 * The built webmail in a browser before a scripted mail server: what a person sees and does, and axe's word on every
 * screen. SHOTS=<directory> keeps pictures.
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { launchBrowser, needBuild } from "./browser.ts";
import { type DevServer, startDevServer } from "./dev-server.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env["SHOTS"];
const desktop = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

vi.setConfig({ testTimeout: 60_000 });
/** Patient: the machine may be busy with other tests. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

let browser: Browser;
const servers: DevServer[] = [];

beforeAll(async () => {
  needBuild();
  browser = await launchBrowser();
}, 120_000);
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  for (const server of servers.splice(0)) await server.stop();
});
afterAll(() => browser?.close());

async function open(options: BrowserContextOptions = desktop, count = 60, path = "/mail") {
  const server = startDevServer(0, count);
  servers.push(server);
  const context = await browser.newContext({ locale: "fr-FR", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  const visit = async () => {
    await page.goto(server.url + path);
    await page.locator("[role=option] .who").first().waitFor();
  };
  return { server, context, page, faults, visit };
}

/** No finding of axe, and a picture where pictures are kept. */
async function look(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` });
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: unknown, options: unknown): Promise<AxeResult> };
    };
    const result = await axe.run(document, { iframes: false });
    return result.violations.map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`
    );
  });
  expect(found).toEqual([]);
}
interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

const rows = (page: Page) => page.locator("[role=option]");
const composer = (page: Page) => page.locator(".composer");

describe("reading", () => {
  test.each([["desktop", desktop], ["phone", phone], ["dark", { ...desktop, colorScheme: "dark" as const }]])(
    "%s: list and message",
    async (name, options) => {
      const { page, visit, faults } = await open(options);
      await visit();
      await look(page, `${name}-list`);
      await rows(page).nth(3).click();
      await page.frameLocator("iframe").getByText("Cher confrère").waitFor();
      await look(page, `${name}-html`);
      expect(await page.title()).toMatch(/^\(11\) Boîte de réception/);
      if (name === "phone") {
        await page.getByRole("button", { name: "Retour à la liste" }).click();
        await rows(page).first().waitFor();
      }
      await rows(page).nth(0).click();
      await page.getByRole("heading", { name: /Compte rendu/ }).waitFor();
      await page.getByText("Document en ligne").waitFor();
      await look(page, `${name}-text`);
      expect(faults).toEqual([]);
    },
  );

  test("a script in a message does not run, and what is remote is explained and not fetched", async () => {
    const { page, visit } = await open();
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("traceur")) elsewhere.push(request.url());
    });
    await visit();
    await rows(page).nth(3).click();
    await page.getByRole("button", { name: "Pourquoi ?" }).click();
    await page.getByRole("dialog", { name: "Contenu distant bloqué" }).waitFor();
    await look(page, "remote");
    expect(await page.title()).not.toContain("pwned");
    expect(elsewhere).toEqual([]);
  });

  test("ten thousand messages: the end is reached at once, and few rows exist", async () => {
    const { page, visit, server } = await open(desktop, 10_000);
    await visit();
    await page.locator(".viewport").evaluate((viewport) => viewport.scrollTop = viewport.scrollHeight);
    await page.getByText("(n° 10000)").waitFor();
    await page.locator(".viewport").evaluate((viewport) => viewport.scrollTop = viewport.scrollHeight / 2);
    await page.getByText("(n° 5001)").first().waitFor();
    await look(page, "ten-thousand");
    expect(await rows(page).count()).toBeLessThan(40);
    expect(server.jmap.mostInFlight).toBeLessThanOrEqual(4);
  });

  test("scrolling through ten thousand messages keeps up with the screen", async () => {
    const { page, visit } = await open(desktop, 10_000);
    await visit();
    const slow = await page.locator(".viewport").evaluate(async (viewport) => {
      const gaps: number[] = [];
      let before = performance.now();
      for (let frame = 0; frame < 90; frame++) {
        viewport.scrollTop += 240;
        await new Promise(requestAnimationFrame);
        gaps.push(performance.now() - before);
        before = performance.now();
      }
      return gaps.filter((gap) => gap > 100).length;
    });
    expect(slow).toBeLessThan(9); // one frame in ten, on a machine that others use too
  });

  test("a new message comes in without reload, and is said aloud", async () => {
    const { page, visit, server } = await open();
    await visit();
    await eventually(() => server.log.includes("GET /jmap/eventsource")).toBe(true);
    server.own.deliver({ subject: "Résultat urgent", preview: "Kaliémie 6,8" });
    await page.getByRole("option", { name: /Résultat urgent/ }).waitFor();
    await page.getByText("Nouveau message de Dr Bruno Bernard").first().waitFor({ state: "attached" });
    expect(await page.title()).toMatch(/^\(12\)/);
  });

  test("search, its empty answer, and the way back", async () => {
    const { page, visit } = await open();
    await visit();
    await page.keyboard.press("/");
    await page.keyboard.type("ferritine");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Résultats", exact: true }).waitFor();
    await page.getByText("Boîte de réception").nth(1).waitFor();
    await look(page, "search");
    await page.getByRole("searchbox").fill("zzzz");
    await page.keyboard.press("Enter");
    await page.getByText("Aucun message trouvé").waitFor();
    await look(page, "search-empty");
    await page.getByRole("button", { name: "Effacer la recherche" }).click();
    await page.getByRole("option", { name: /hospitalisation/ }).first().waitFor();
  });

  test("an empty folder, the other box, the help and the settings", async () => {
    const { page, visit } = await open();
    await visit();
    await page.getByRole("link", { name: "Archives" }).click();
    await page.getByText("Aucun message ici").waitFor();
    await look(page, "empty");
    await page.getByRole("button", { name: /Changer de boîte/ }).click();
    await page.getByRole("link", { name: /secretariat@/ }).waitFor();
    await look(page, "boxes");
    await page.getByRole("link", { name: /secretariat@/ }).click();
    await page.getByText("9 messages").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Raccourcis clavier" }).waitFor();
    await look(page, "help");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Réglages" }).click();
    await look(page, "settings");
    await page.getByLabel("English").check();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    await page.getByLabel("Dark").check();
    await look(page, "settings-dark-english");
  });
});

describe("acting", () => {
  test("archive by key, undo, star, delete, move", async () => {
    const { page, visit, server } = await open();
    await visit();
    const [first, second] = server.own.inFolder("inbox");
    await page.keyboard.press("e");
    await page.getByText("Message archivé").waitFor();
    await eventually(() => server.own.inFolder("archive").map(({ id }) => id)).toEqual([first!.id]);
    await page.keyboard.press("z");
    await eventually(() => server.own.inFolder("archive")).toEqual([]);
    await page.getByText("60 messages").waitFor();
    await rows(page).first().getByText("hospitalisation").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("s");
    await eventually(() => server.own.emails.get(second!.id)?.keywords["$flagged"]).toBe(true);
    await page.keyboard.press("#");
    await eventually(() => server.own.inFolder("trash").map(({ id }) => id)).toEqual([second!.id]);
    await page.keyboard.press("k");
    await page.keyboard.press("v");
    await page.getByRole("dialog", { name: "Déplacer vers…" }).getByRole("button", { name: "Indésirables" })
      .click();
    await eventually(() => server.own.inFolder("junk").map(({ id }) => id)).toEqual([first!.id]);
  });

  test("several ticked messages go together, and from the trash only after a question", async () => {
    const { page, visit, server } = await open();
    await visit();
    for (const key of ["x", "j", "x", "j", "x"]) await page.keyboard.press(key);
    await page.getByText("3 cochés").waitFor();
    await look(page, "ticked");
    await page.keyboard.press("#");
    await eventually(() => server.own.inFolder("trash").length).toBe(3);
    await page.getByRole("link", { name: "Corbeille" }).click();
    await page.getByText("3 messages").first().waitFor();
    await page.keyboard.press("#");
    await page.getByRole("dialog", { name: "Supprimer définitivement ?" }).waitFor();
    await look(page, "destroy");
    await page.getByRole("button", { name: "Supprimer définitivement" }).click();
    await eventually(() => server.own.inFolder("trash").length).toBe(2);
  });

  test("an action that the server refuses is taken back and explained", async () => {
    const { page, visit, server } = await open();
    await visit();
    server.jmap.failNext("Email/set", { kind: "set-error", error: { type: "forbidden" } });
    await page.keyboard.press("e");
    await page.getByText("Vous n'avez pas le droit de faire cela.").waitFor();
    await eventually(() => page.getByText("60 messages").count()).toBe(1);
  });
});

describe("writing", () => {
  test("a message with an attachment is written, kept as one draft, and sent once", async () => {
    const { page, visit, server, faults } = await open();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).fill("bruno.bernard@beta.mssante.test,");
    await page.getByLabel("Objet").fill("Compte rendu de consultation");
    await page.getByLabel("Texte du message").fill(
      "Cher confrère,\n\nVeuillez trouver ci-joint le compte rendu.\n",
    );
    await page.locator("input[type=file]").setInputFiles({
      name: "compte-rendu.pdf",
      mimeType: "application/pdf",
      buffer: Buffer.alloc(3_000_000, 1),
    });
    await page.getByText("2,9 Mo").waitFor();
    await page.getByText("Brouillon enregistré").waitFor();
    await look(page, "compose");
    expect(server.own.inFolder("drafts")).toHaveLength(1);
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText("Message envoyé").waitFor();
    await eventually(() => server.own.inFolder("drafts")).toEqual([]);
    expect(server.own.inFolder("sent")).toMatchObject([{
      subject: "Compte rendu de consultation",
      hasAttachment: true,
    }]);
    expect(server.own.submissions.size).toBe(1);
    expect(faults).toEqual([]);
  });

  test("an answer quotes, continues the thread and marks the message as answered", async () => {
    const { page, visit, server } = await open();
    await visit();
    const [first] = server.own.inFolder("inbox");
    await rows(page).first().click();
    await page.getByText("Document en ligne").waitFor();
    await page.keyboard.press("r");
    await composer(page).waitFor();
    await page.keyboard.type("Merci beaucoup.");
    await look(page, "reply");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Message envoyé").waitFor();
    const [sent] = server.own.inFolder("sent");
    expect(sent).toMatchObject({ inReplyTo: first!.messageId, to: [{ email: first!.from[0]!.email }] });
    expect(sent?.preview).toMatch(/^Merci beaucoup\.\n\nLe .* a écrit :\n> Bonjour,/);
    await eventually(() => server.own.emails.get(first!.id)?.keywords["$answered"]).toBe(true);
  });

  test("recipients that cannot be written to are explained before anything is sent", async () => {
    const { page, visit, server } = await open();
    await visit();
    await page.getByRole("button", { name: "Écrire" }).first().click();
    await page.getByLabel("À", { exact: true }).fill(
      "dupont@gmail.test, inconnu@beta.mssante.test, dr martin,",
    );
    await page.getByText(/l'envoi y est interdit/).waitFor();
    await page.getByText(/n'existe pas dans cette messagerie/).waitFor();
    await page.getByText(/n'est pas une adresse complète/).waitFor();
    await page.getByLabel("Objet").fill("Essai");
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText(/corrigez les destinataires/).waitFor();
    await look(page, "recipients");
    expect(server.own.submissions.size).toBe(0);
  });

  test("attachments of 25 MiB and one byte are refused before any upload", async () => {
    const { page, visit, server } = await open();
    await visit();
    await page.keyboard.press("c");
    const file = (name: string, size: number) => ({
      name,
      mimeType: "application/pdf",
      buffer: Buffer.alloc(size),
    });
    await page.locator("input[type=file]").setInputFiles([file("irm.pdf", 26_214_000)]);
    await page.getByText("25 Mo", { exact: true }).waitFor();
    await page.locator("input[type=file]").setInputFiles([file("trop.pdf", 401)]);
    await page.getByText(/Trop volumineux : trop\.pdf/).waitFor();
    expect(server.log.filter((line) => line.includes("/jmap/upload/"))).toHaveLength(1);
    await page.locator("input[type=file]").setInputFiles([file("juste.pdf", 400)]);
    await page.getByText("400 octets").waitFor();
    await look(page, "attachments");
  });

  test("a session that expires keeps the draft, and signing in again leads back to it", async () => {
    const { page, visit, server } = await open();
    await visit();
    await rows(page).first().click();
    await page.getByText("Document en ligne").waitFor();
    const address = page.url();
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).waitFor();
    server.jmap.isSignedOut = true;
    await page.getByLabel("Objet").fill("Ne pas perdre");
    await page.getByLabel("Texte du message").fill("Chaque mot compte.");
    await page.getByRole("dialog", { name: "Votre session a expiré" }).waitFor();
    await page.getByText("Votre brouillon est conservé.").waitFor();
    await look(page, "expired");
    await page.getByRole("link", { name: "Se connecter à nouveau" }).click();
    await eventually(() => page.getByLabel("Texte du message").inputValue().catch(() => "")).toBe(
      "Chaque mot compte.",
    );
    expect(await page.getByLabel("Objet").inputValue()).toBe("Ne pas perdre");
    expect(page.url()).toBe(address);
    await page.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toHaveLength(1);
  });

  test("a draft survives a closed tab while the mail server is down, and is saved once when it is back", async () => {
    const { page, context, visit, server } = await open();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("Objet").fill("Avant la panne");
    await page.getByText("Brouillon enregistré").waitFor();
    server.jmap.isDown = true;
    await page.getByLabel("Texte du message").fill("Pendant la panne.");
    await page.getByText(/Messagerie indisponible/).waitFor();
    await look(page, "unavailable");
    await page.close();
    server.jmap.isDown = false;
    const again = await context.newPage();
    await again.goto(`${server.url}/mail`);
    await eventually(() => again.getByLabel("Texte du message").inputValue().catch(() => "")).toBe(
      "Pendant la panne.",
    );
    await again.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toMatchObject([{
      subject: "Avant la panne",
      preview: "Pendant la panne.",
    }]);
  });

  test("a message whose answer is lost is sent once, and the screen says so", async () => {
    const { page, visit, server } = await open();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).fill("bruno.bernard@beta.mssante.test,");
    await page.getByLabel("Objet").fill("Une seule fois");
    server.jmap.failNext("EmailSubmission/set", { kind: "lose-answer" });
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText("Message envoyé").waitFor();
    expect(server.own.submissions.size).toBe(1);
    expect(server.own.inFolder("sent")).toHaveLength(1);
    expect(server.own.inFolder("drafts")).toEqual([]);
  });

  test("a draft is opened from its folder, changed, and still one", async () => {
    const { page, visit, server } = await open();
    server.own.deliver(
      {
        subject: "À finir",
        keywords: { $draft: true, $seen: true },
        textBody: [{ partId: "t", blobId: "t", type: "text/plain", size: 4 }],
        htmlBody: [],
        attachments: [],
        bodyValues: { t: { value: "Début", isTruncated: false } },
      },
      "drafts",
      true,
    );
    await visit();
    await page.getByRole("link", { name: /Brouillons/ }).click();
    await page.getByRole("option", { name: /À finir/ }).click();
    await page.getByLabel("Texte du message").fill("Début et fin");
    await page.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toMatchObject([{ preview: "Début et fin" }]);
    await page.getByRole("button", { name: "Enregistrer et fermer" }).click();
    await eventually(() => composer(page).count()).toBe(0);
  });

  test("writing on a phone", async () => {
    const { page, visit } = await open(phone);
    await visit();
    await page.getByRole("button", { name: "Afficher les dossiers" }).click();
    await look(page, "phone-folders");
    await page.getByRole("button", { name: "Écrire" }).first().click();
    await page.getByLabel("À", { exact: true }).fill("helene.oeuvrard@gamma.mssante.test,");
    await look(page, "phone-compose");
  });
});

describe("the way in and what can be missing", () => {
  test("nobody signed in: one button, and why", async () => {
    const { page, server } = await open();
    server.jmap.isSignedOut = true;
    await page.goto(`${server.url}/sign-in?reason=expired&returnTo=%2Fmail`);
    await page.getByRole("link", { name: "Se connecter avec Pro Santé Connect" }).waitFor();
    await look(page, "sign-in");
    expect(await page.getByRole("link").getAttribute("href")).toBe("/auth/sign-in?returnTo=%2Fmail");
    await page.goto(`${server.url}/sign-in?returnTo=https://evil.test`);
    expect(await page.getByRole("link").getAttribute("href")).toBe("/auth/sign-in?returnTo=%2Fmail");
  });

  test("a page opened without a session leads to the sign-in page and back", async () => {
    const { page, server } = await open();
    server.jmap.isSignedOut = true;
    await page.goto(`${server.url}/mail/anne.allard%40alpha.mssante.test/archive`);
    await page.getByRole("link", { name: "Se connecter avec Pro Santé Connect" }).click();
    await page.getByText("Aucun message ici").waitFor();
    expect(new URL(page.url()).pathname).toBe("/mail/anne.allard%40alpha.mssante.test/archive");
  });

  test("a person without a box", async () => {
    const { page, server } = await open();
    server.hasBoxes = false;
    await page.goto(`${server.url}/mail`);
    await page.getByRole("heading", { name: "Aucune boîte" }).waitFor();
    await look(page, "no-box");
  });

  test("a mail server that is down at first is waited for", async () => {
    const { page, server } = await open();
    server.jmap.isDown = true;
    await page.goto(`${server.url}/mail`);
    await page.getByText(/Messagerie indisponible/).first().waitFor();
    await look(page, "down-at-first");
    server.jmap.isDown = false;
    await rows(page).first().locator(".who").waitFor();
    await eventually(() => page.getByText(/Messagerie indisponible/).count()).toBe(0);
  });

  test("signing out forgets the drafts that the server holds", async () => {
    const { page, visit, server } = await open();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("Objet").fill("Gardé par le serveur");
    await page.getByRole("button", { name: /Se déconnecter/ }).click();
    await page.getByText("Vous êtes déconnecté").waitFor();
    expect(server.own.inFolder("drafts")).toHaveLength(1);
    const kept = await page.evaluate(async () => {
      const { promise, resolve } = Promise.withResolvers<IDBDatabase>();
      const request = indexedDB.open("mss-drafts");
      request.onsuccess = () => resolve(request.result);
      const all = (await promise).transaction("drafts").objectStore("drafts").getAll();
      return await new Promise<number>((done) => all.onsuccess = () => done(all.result.length));
    });
    expect(kept).toBe(0);
  });
});
