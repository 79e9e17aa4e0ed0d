/** Programs and software that people let in, in the console of the operator. */
import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { operatorSession, pageOf, problemOf, type Schemas, sessionOf } from "./scripted-api.ts";

useConsole();

type Client = Schemas["OauthClient"];
const api = "/api/v1/oauth-clients";
const screen = "/admin/oauth-clients";
const at = "2026-11-02T08:30:00.000Z";
const dark = { ...phone, colorScheme: "dark" as const };
const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

const clientOf = (number: number, changes: Partial<Client> = {}): Client => ({
  id: `6a000001-0000-4000-8000-${String(number).padStart(12, "0")}`,
  clientId: `messagerie-${number}`,
  kind: "native",
  name: `Messagerie de poche ${number}`,
  status: "active",
  redirectUris: ["http://127.0.0.1/retour", "fr.exemple.messagerie:/retour"],
  subject: null,
  issuer: null,
  certificateExpiresAt: null,
  createdAt: at,
  lastUsedAt: at,
  suspendedAt: null,
  withdrawnAt: null,
  version: 1,
  ...changes,
});
const software = clientOf(900, {
  clientId: "dpi-saint-germain",
  kind: "lps",
  name: "Dossier patient informatisé du centre hospitalier intercommunal de Saint-Germain-en-Laye",
  redirectUris: [],
  subject:
    "CN=dpi.ch-saint-germain.example,OU=ORG AUTH_CLI,O=CENTRE HOSPITALIER INTERCOMMUNAL DE SAINT-GERMAIN-EN-LAYE,C=FR",
  issuer: "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE ELEMENTAIRE,O=ASIP-SANTE,C=FR",
  certificateExpiresAt: new Date(Date.now() + 12 * 86_400_000).toISOString(),
});
const withUse = (client: Client, people: number) => ({ ...client, use: { people, grants: people * 2 } });
const operator = { "GET /api/v1/session": operatorSession };

describe("the list", () => {
  test("is searched, filtered and read on as it is scrolled; a certificate that ends soon is marked", async () => {
    const all = Array.from({ length: 120 }, (_, number) => clientOf(number));
    const { page, api: scripted, faults } = await openConsole(screen, {
      ...operator,
      [`GET ${api}`]: (_request: Request, url: URL) => {
        if (url.searchParams.get("kind") === "lps") return pageOf(software);
        const from = Number(url.searchParams.get("cursor") ?? 0);
        return {
          items: [...(from === 0 ? [software] : []), ...all.slice(from, from + 50)],
          nextCursor: from < 50 ? String(from + 50) : null,
        };
      },
    });
    await page.getByText("Dossier patient informatisé").first().waitFor();
    await page.getByText("expire bientôt").waitFor();
    await look(page, "oauth-clients");
    expect(await page.getByRole("grid", { name: "Programmes et logiciels" }).count()).toBe(1);
    await page.getByRole("combobox", { name: "Nature" }).selectOption("lps");
    await eventually(() => scripted.asked.some((one) => one.includes("kind=lps"))).toBe(true);
    await eventually(() => page.getByText("Messagerie de poche 1", { exact: true }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("that is empty says so, one that does not come is asked for again; on a phone, in the dark", async () => {
    const { page, api: scripted } = await openConsole(screen, {
      ...operator,
      [`GET ${api}`]: () => problemOf("internal-error", 500),
    }, dark);
    await page.getByRole("alert").first().waitFor();
    await look(page, "oauth-clients-error-phone");
    scripted.answers[`GET ${api}`] = pageOf();
    await page.getByRole("button", { name: "Réessayer" }).click();
    await page.getByRole("heading", { name: "Aucun programme ni logiciel" }).waitFor();
    await look(page, "oauth-clients-none-phone");
  });

  test("is no structure's: its administrator is told so, and asked nothing of the API", async () => {
    const { page, api: scripted } = await openConsole(screen, {});
    await page.getByRole("heading").first().waitFor();
    expect(await page.getByRole("button", { name: "Enregistrer un logiciel" }).count()).toBe(0);
    expect(scripted.asked.filter((one) => one.includes("oauth"))).toEqual([]);
  });
});

describe("a client", () => {
  test("is registered with the keyboard alone, what is missing said, and shown with what its editor must know", async () => {
    const made = clientOf(1, { lastUsedAt: null });
    const { page, api: scripted, faults } = await openConsole(screen, {
      ...operator,
      [`GET ${api}`]: pageOf(),
      [`POST ${api}`]: () => Response.json(made, { status: 201 }),
      [`GET ${api}/${made.id}`]: withUse(made, 0),
    });
    const open = page.getByRole("button", { name: "Enregistrer un logiciel" });
    await open.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Enregistrer", exact: true }).focus();
    await page.keyboard.press("Enter");
    await dialog.getByText("Donnez au moins une adresse de retour.").waitFor();
    await look(page, "oauth-client-new");
    await dialog.getByLabel("Nom").focus();
    await page.keyboard.type("Messagerie de poche 1");
    await page.keyboard.press("Tab");
    await page.keyboard.type("messagerie-1");
    await page.keyboard.press("Tab");
    await page.keyboard.type("http://127.0.0.1/retour\nfr.exemple.messagerie:/retour");
    await dialog.getByRole("button", { name: "Enregistrer", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "À transmettre à l'éditeur" }).waitFor();
    await page.getByText("/.well-known/oauth-authorization-server").waitFor();
    expect(scripted.sent.get(`POST ${api}`)).toEqual({
      kind: "native",
      clientId: "messagerie-1",
      name: "Messagerie de poche 1",
      redirectUris: made.redirectUris,
    });
    await look(page, "oauth-client-native");
    expect(faults).toEqual([]);
  });

  test("is registered by who shows his factor again, where that was long ago; nothing typed is lost", async () => {
    const { page, api: scripted } = await openConsole(screen, {
      ...operator,
      [`GET ${api}`]: pageOf(),
      [`POST ${api}`]: () => problemOf("factor-required", 403, { method: "staff" }),
      "GET /auth/staff/factors": {
        login: "c.martin",
        passwordSetAt: at,
        totpSetAt: at,
        passkeys: [],
        recoveryCodesLeft: 8,
      },
    });
    await page.getByRole("button", { name: "Enregistrer un logiciel" }).click();
    const dialog = page.getByRole("dialog", { name: "Enregistrer un logiciel" });
    await dialog.getByLabel("Nom").fill("Messagerie");
    await dialog.getByLabel("Identifiant").fill("messagerie-1");
    await dialog.getByLabel("Adresses de retour").fill("http://127.0.0.1/retour");
    await dialog.getByRole("button", { name: "Enregistrer", exact: true }).click();
    const asked = page.getByRole("dialog").last();
    await asked.getByRole("button", { name: "Annuler" }).waitFor();
    await look(page, "oauth-client-step-up");
    await asked.getByRole("button", { name: "Annuler" }).click();
    expect(await dialog.getByLabel("Nom").inputValue()).toBe("Messagerie");
    expect(scripted.asked.filter((one) => one === `POST ${api}`)).toHaveLength(1);
  });

  test("that is software is registered by its certificate; a private key never leaves the page", async () => {
    const { page, api: scripted } = await openConsole(screen, {
      ...operator,
      [`GET ${api}`]: pageOf(),
      [`POST ${api}`]: () =>
        problemOf("invalid-request", 422, {
          errors: [{ pointer: "/certificate", detail: "is out of date" }],
        }),
    });
    await page.getByRole("button", { name: "Enregistrer un logiciel" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Nature").selectOption("lps");
    await dialog.getByLabel("Nom").fill("DPI");
    await dialog.getByLabel("Identifiant").fill("dpi");
    const text = dialog.getByLabel("… ou son texte");
    await text.fill(`${pem}\n-----BEGIN PRIVATE KEY-----\nMIIE`);
    await dialog.getByText("contient une clé privée").waitFor();
    await dialog.getByRole("button", { name: "Enregistrer", exact: true }).click();
    expect(scripted.sent.size).toBe(0);
    await text.fill(pem);
    await dialog.getByRole("button", { name: "Enregistrer", exact: true }).click();
    await dialog.getByText("Ce certificat n'est pas accepté").waitFor();
    await look(page, "oauth-client-new-software");
  });

  test("is suspended after what ends was shown, and resumed; long words on a phone, in the dark", async () => {
    let client = software;
    const path = `${api}/${software.id}`;
    const { page, api: scripted, faults } = await openConsole(`${screen}/${software.id}`, {
      ...operator,
      [`GET ${path}`]: () => withUse(client, client.status === "active" ? 37 : 0),
      [`POST ${path}/suspension`]: () => {
        client = { ...client, status: "suspended", suspendedAt: at, version: 2 };
        return client;
      },
      [`DELETE ${path}/suspension`]: () => {
        client = { ...client, status: "active", suspendedAt: null, version: 3 };
        return client;
      },
    }, dark);
    await page.getByRole("heading", { name: /Dossier patient/ }).waitFor();
    await look(page, "oauth-client-software-phone-dark");
    await page.getByRole("button", { name: "Suspendre" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("37 personnes devront l'autoriser à nouveau.").waitFor();
    await dialog.getByLabel(/Motif/).fill("Signalement de l'éditeur");
    await look(page, "oauth-client-suspend-phone-dark");
    await dialog.getByRole("button", { name: "Suspendre" }).click();
    await page.getByRole("button", { name: "Rétablir" }).waitFor();
    expect(scripted.sent.get(`POST ${path}/suspension`)).toEqual({ reason: "Signalement de l'éditeur" });
    await page.getByRole("button", { name: "Rétablir" }).click();
    await dialog.getByText("chaque personne l'autorise à nouveau").waitFor();
    await dialog.getByRole("button", { name: "Rétablir" }).click();
    await page.getByRole("button", { name: "Suspendre" }).waitFor();
    expect(faults).toEqual([]);
  });

  test("gets another certificate after what ends was said, and is withdrawn by typing its identifier", async () => {
    let client = software;
    const path = `${api}/${software.id}`;
    const { page, api: scripted } = await openConsole(`${screen}/${software.id}`, {
      ...operator,
      [`GET ${path}`]: () => withUse(client, 1),
      [`PUT ${path}/certificate`]: () => client,
      [`DELETE ${path}`]: () => {
        client = { ...client, status: "withdrawn", withdrawnAt: at };
        return client;
      },
    });
    await page.getByRole("button", { name: "Changer le certificat" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("pour 1 personne prend fin aussitôt").waitFor();
    await dialog.getByLabel("… ou son texte").fill(pem);
    await look(page, "oauth-client-certify");
    await dialog.getByRole("button", { name: "Changer le certificat" }).click();
    await eventually(() => dialog.count()).toBe(0);
    expect(scripted.sent.get(`PUT ${path}/certificate`)).toEqual({ certificate: pem });
    await page.getByRole("button", { name: /Retirer pour de bon/ }).click();
    await dialog.getByText("ne sera plus jamais attribué").waitFor();
    const withdraw = dialog.getByRole("button", { name: "Retirer pour de bon" });
    expect(await withdraw.isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill("dpi-saint-germain");
    await look(page, "oauth-client-withdraw");
    await withdraw.click();
    await page.getByText("Retiré", { exact: true }).first().waitFor();
    expect(await page.getByRole("button", { name: "Modifier" }).count()).toBe(0);
  });

  test("that somebody else has changed meanwhile keeps what was typed, and says what is his", async () => {
    const before = clientOf(7);
    const after = { ...before, name: "Nom d'un autre", version: 2 };
    const path = `${api}/${before.id}`;
    let isLate = true;
    const { page, api: scripted } = await openConsole(`${screen}/${before.id}`, {
      ...operator,
      [`GET ${path}`]: () => withUse(isLate && !scripted.sent.has(`PATCH ${path}`) ? before : after, 0),
      [`PATCH ${path}`]: () => {
        if (!isLate) return after;
        isLate = false;
        return problemOf("version-mismatch", 412, { currentVersion: 2 });
      },
    });
    await page.getByRole("button", { name: "Modifier" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Adresses de retour").fill("https://programme.example/retour");
    await dialog.getByRole("button", { name: "Enregistrer" }).click();
    await eventually(() => dialog.getByLabel("Nom").inputValue()).toBe("Nom d'un autre");
    expect(await dialog.getByLabel("Adresses de retour").inputValue()).toBe(
      "https://programme.example/retour",
    );
    await look(page, "oauth-client-clash");
    await dialog.getByRole("button", { name: "Enregistrer" }).click();
    await eventually(() => dialog.count()).toBe(0);
    expect(scripted.sent.get(`PATCH ${path}`)).toEqual({
      redirectUris: ["https://programme.example/retour"],
    });
  });

  test("is read by the operator's support, who changes nothing", async () => {
    const { page } = await openConsole(`${screen}/${software.id}`, {
      "GET /api/v1/session": sessionOf([{
        role: "operator_support",
        structureId: null,
        structureName: null,
      }]),
      [`GET ${api}/${software.id}`]: withUse(software, 3),
    }, desktop);
    await page.getByRole("heading", { name: "Qui il est" }).waitFor();
    for (const name of ["Suspendre", "Modifier", "Changer le certificat", /Retirer/]) {
      expect(await page.getByRole("button", { name }).count()).toBe(0);
    }
  });
});
