/** « Mes accès » in the settings of the webmail: sessions, and the programs that have a password of their own. */
import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { components } from "../../web/src/lib/api/generated/api.ts";
import { desktop, eventually, look, openScreen, phone, useBrowser } from "./screens.ts";

useBrowser();

type Schemas = components["schemas"];
type OwnSession = Schemas["OwnSessionList"]["items"][number];
const at = "2026-11-21T08:12:00.000Z";

const here: OwnSession = {
  id: "5f000001-0000-4000-8000-000000000001",
  isCurrent: true,
  network: "198.51.100.0/24",
  browser: "Firefox, Windows",
  isNewPlace: false,
  factor: "psc",
  startedAt: at,
  lastSeenAt: at,
  expiresAt: at,
};
const elsewhere: OwnSession = {
  ...here,
  id: "5f000001-0000-4000-8000-000000000002",
  isCurrent: false,
  browser: "Safari, iPhone",
  network: "2001:db8:85a3::/48",
  isNewPlace: true,
};
const nameless: OwnSession = {
  ...elsewhere,
  id: "5f000001-0000-4000-8000-000000000003",
  isNewPlace: false,
  browser: null,
  network: null,
};

const phoneApp: Schemas["AppPassword"] = {
  id: "5f000002-0000-4000-8000-000000000001",
  mailboxId: "0",
  person: { id: "p1", givenName: "Anne", familyName: "ALLARD" },
  device: "Thunderbird du poste du secrétariat de consultation des urgences",
  scopes: ["imap", "submission"],
  createdAt: at,
  expiresAt: "2027-11-21T08:12:00.000Z",
  lastUsedAt: at,
  status: "live",
};
const ofAnother: Schemas["AppPassword"] = {
  ...phoneApp,
  id: "5f000002-0000-4000-8000-000000000002",
  device: "Téléphone de Bruno",
  person: { id: "p2", givenName: "Bruno", familyName: "BERNARD" },
};

/** An API of access that remembers what it was told. */
class Access {
  sessions: OwnSession[] = [here, elsewhere, nameless];
  devices: Schemas["AppPassword"][] = [phoneApp, ofAnother];
  refuses: string | undefined;
  readonly told: string[] = [];
  readonly wishes: unknown[] = [];

  answer(method: string, path: string, body: unknown): unknown {
    if (method !== "GET") this.told.push(`${method} ${path}`);
    if (path === "client-settings") {
      return {
        services: [
          { protocol: "imap", host: "mail.operateur.test", port: 143, security: "starttls" },
          { protocol: "imap", host: "mail.operateur.test", port: 993, security: "tls" },
          { protocol: "smtp", host: "mail.operateur.test", port: 587, security: "starttls" },
        ],
      };
    }
    if (path === "sessions/ending") this.sessions = [here];
    if (method === "DELETE") {
      this.sessions = this.sessions.filter(({ id }) => !path.endsWith(id));
      this.devices = this.devices.filter(({ id }) => !path.endsWith(id));
    }
    if (path.startsWith("sessions")) return { items: this.sessions };
    if (method !== "POST") return { items: path.startsWith("mailboxes/0/") ? this.devices : [] };
    this.wishes.push(body);
    const made = { ...phoneApp, ...body as object, id: crypto.randomUUID(), lastUsedAt: null };
    this.devices = [made, ...this.devices];
    return {
      ...made,
      address: "anne.allard@alpha.mssante.test",
      password: "k4mq7zxa-8nvt2pwd-c9hjr5eu-s3bfgy6q",
    };
  }
}

async function openWith(access: Access, options: BrowserContextOptions = desktop) {
  const screen = await openScreen(options);
  const { page } = screen;
  await page.route("**/api/v1/inactivity-notices", (route) => route.fulfill({ json: { items: [] } }));
  await page.route(/\/api\/v1\/(sessions|client-settings|mailboxes\/[^/]+\/app-passwords)/, async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.slice("/api/v1/".length);
    if (access.refuses !== undefined && request.method() !== "GET") {
      const type = `/problems/${access.refuses}`;
      return await route.fulfill({ status: 409, json: { type, status: 409 } });
    }
    const body = request.postData() === null ? undefined : request.postDataJSON() as unknown;
    await route.fulfill({ json: access.answer(request.method(), path, body) as object });
  });
  return screen;
}

async function openSettings(access: Access, options: BrowserContextOptions = desktop) {
  const { page, server, context, faults } = await openWith(access, options);
  await page.goto(`${server.url}/settings`);
  await page.getByRole("heading", { name: "Mes sessions" }).waitFor();
  return { page, context, faults };
}

describe("my sessions", () => {
  test("each is named with its place; one that is not mine is ended, then all the others", async () => {
    const access = new Access();
    const { page, faults } = await openSettings(access);
    await page.getByText("Nouveau lieu", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Terminer la session Firefox, Windows" }).count()).toBe(0);
    await page.getByRole("heading", { name: "Mes sessions" }).scrollIntoViewIfNeeded();
    await look(page, "my-sessions");
    await page.getByRole("button", { name: "Terminer la session Safari, iPhone" }).click();
    await eventually(() => page.getByText("Safari, iPhone").count()).toBe(0);
    access.sessions = [here, elsewhere, nameless];
    await page.getByRole("button", { name: "Terminer la session Navigateur inconnu" }).click();
    await page.getByText("Safari, iPhone").waitFor();
    access.sessions = [here, elsewhere, nameless];
    await page.reload();
    await page.getByRole("button", { name: "Terminer toutes les autres sessions" }).click();
    await eventually(() => page.getByText("Navigateur inconnu").count()).toBe(0);
    expect(access.told).toEqual([
      `DELETE sessions/${elsewhere.id}`,
      `DELETE sessions/${nameless.id}`,
      "POST sessions/ending",
    ]);
    expect(faults).toEqual([]);
  });

  test("what cannot be ended is said, and stays", async () => {
    const access = new Access();
    const { page } = await openSettings(access, { ...phone, colorScheme: "dark" });
    access.refuses = "internal-error";
    await page.getByRole("button", { name: "Terminer la session Safari, iPhone" }).click();
    await page.locator(".part").getByRole("alert").first().waitFor();
    await page.getByText("Safari, iPhone").waitFor();
    await look(page, "my-sessions-phone-dark");
  });
});

describe("a sign-in from a new place", () => {
  test("is asked about beside the mail; what was me is not asked again", async () => {
    const { page, visit, faults } = await openWith(new Access());
    await visit();
    const question = page.getByRole("region", { name: "Une connexion depuis un nouveau lieu" });
    await question.getByText("Safari, iPhone").waitFor();
    await look(page, "place-question");
    await question.getByRole("button", { name: "C'était moi" }).click();
    await eventually(() => question.count()).toBe(0);
    await page.reload();
    await page.locator("[role=option] .who").first().waitFor();
    await page.waitForLoadState("networkidle");
    expect(await question.count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("that was not me is ended at once, and what to do next is said; on a phone, in the dark", async () => {
    const access = new Access();
    const { page, visit } = await openWith(access, { ...phone, colorScheme: "dark" });
    await visit();
    await page.getByRole("button", { name: "Ce n'était pas moi : terminer la session" }).click();
    await page.getByText("prévenez votre administrateur").waitFor();
    await look(page, "place-ended-phone-dark");
    expect(access.told).toEqual([`DELETE sessions/${elsewhere.id}`]);
    await page.getByRole("button", { name: "Fermer" }).last().click();
    await eventually(() => page.getByText("prévenez votre administrateur").count()).toBe(0);
  });
});

describe("my devices", () => {
  test("a password is shown once with the settings of the program, and copied", async () => {
    const access = new Access();
    const { page, context, visit, faults } = await openWith(access);
    await visit();
    await page.locator("a[href='/settings']").click();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByText("Thunderbird du poste").waitFor();
    expect(await page.getByText("Téléphone de Bruno").count(), "of somebody else").toBe(0);
    await page.getByRole("button", { name: "Ajouter un appareil" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Créer le mot de passe" }).click();
    await dialog.getByText("Donnez un nom à l'appareil").waitFor();
    await look(page, "device-new");
    await dialog.getByLabel("Appareil ou logiciel").fill("Téléphone");
    await dialog.getByLabel("Envoyer des messages (SMTP)").uncheck();
    await dialog.getByRole("button", { name: "Créer le mot de passe" }).click();
    await dialog.getByText("k4mq7zxa-8nvt2pwd-c9hjr5eu-s3bfgy6q").waitFor();
    await dialog.getByText("port 993").waitFor();
    expect(await dialog.getByText("port 587").count(), "what it may not do").toBe(0);
    await look(page, "device-secret");
    await dialog.getByRole("button", { name: "Copier le mot de passe" }).click();
    await dialog.getByText("Copié", { exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      "k4mq7zxa-8nvt2pwd-c9hjr5eu-s3bfgy6q",
    );
    for (let time = 0; time < 4; time++) await page.keyboard.press("Escape");
    await eventually(() => dialog.isVisible()).toBe(true);
    await page.evaluate(() => history.back());
    await dialog.getByText("Outlook", { exact: true }).click();
    await dialog.getByText("serveurs de Microsoft").waitFor();
    expect(await dialog.getByText("k4mq7zxa-8nvt2pwd-c9hjr5eu-s3bfgy6q").isVisible(), "lost by no mistake")
      .toBe(true);
    await look(page, "device-secret-outlook");
    await dialog.getByRole("button", { name: "C'est copié" }).click();
    await page.getByText("jamais utilisé").waitFor();
    expect(await page.content()).not.toContain("k4mq7zxa");
    expect(access.wishes).toEqual([{ device: "Téléphone", scopes: ["imap"] }]);
    expect(faults).toEqual([]);
  });

  test("Escape does not take away what was typed without a question", async () => {
    const { page } = await openSettings(new Access());
    await page.getByRole("button", { name: "Ajouter un appareil" }).click();
    const dialog = page.getByRole("dialog");
    const name = dialog.getByLabel("Appareil ou logiciel");
    await name.fill("Téléphone de garde");
    await page.keyboard.press("Escape");
    await dialog.getByText("Abandonner ce que vous avez saisi ?").waitFor();
    await look(page, "device-typed");
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Créer le mot de passe" }).waitFor();
    expect(await name.inputValue()).toBe("Téléphone de garde");
    for (let again = 0; again < 4; again++) await page.keyboard.press("Escape");
    expect(await name.inputValue(), "pressed in a hurry").toBe("Téléphone de garde");
    await page.keyboard.press("Escape");
    await dialog.getByRole("button", { name: "Abandonner" }).click();
    await eventually(() => dialog.count()).toBe(0);
    await page.getByRole("button", { name: "Ajouter un appareil" }).click();
    await page.keyboard.press("Escape");
    await eventually(() => dialog.count()).toBe(0);
  });

  test("a structure that does not allow them says so; on a phone, in the dark", async () => {
    const access = new Access();
    access.devices = [];
    const { page } = await openSettings(access, { ...phone, colorScheme: "dark" });
    await page.getByText("Aucun appareil.").waitFor();
    await look(page, "my-devices-none-phone-dark");
    access.refuses = "app-passwords-not-allowed";
    await page.getByRole("button", { name: "Ajouter un appareil" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Appareil ou logiciel").fill("Téléphone");
    await dialog.getByRole("button", { name: "Créer le mot de passe" }).click();
    await dialog.getByRole("alert").waitFor();
    await look(page, "device-refused-phone-dark");
    expect(await dialog.getByLabel("Appareil ou logiciel").inputValue()).toBe("Téléphone");
  });

  test("a lost one is removed after a question; in English", async () => {
    const access = new Access();
    const { page } = await openSettings(access);
    await page.getByLabel("English").check();
    await page.getByRole("heading", { name: "My devices" }).waitFor();
    await page.getByRole("button", { name: /^Remove the device Thunderbird/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("What it has already downloaded stays there").waitFor();
    await look(page, "device-remove-english");
    await dialog.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("No device.").waitFor();
    expect(access.told).toEqual([`DELETE mailboxes/0/app-passwords/${phoneApp.id}`]);
    const profile = page.getByRole("link", { name: "anne.allard@alpha.mssante.test" });
    await page.getByText("iPhone, iPad and Mac").click();
    expect(await profile.first().getAttribute("href")).toBe("/api/v1/mailboxes/0/apple-profile");
  });
});
