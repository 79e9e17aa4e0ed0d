/** Standard clients in the console: the devices of a box, certificates of software, what a domain publishes. */
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { pageOf, problemOf, type Schemas, structure } from "./scripted-api.ts";
import { domain, mailboxOf, sharedBox, structurePath, tenancy } from "./tenancy-samples.ts";

useConsole();

const base = `/admin/structures/${structure.id}`;
const dark = { ...desktop, colorScheme: "dark" as const };
const at = "2026-11-02T08:30:00.000Z";
const device: Schemas["AppPassword"] = {
  id: "5f000002-0000-4000-8000-000000000001",
  mailboxId: sharedBox.id,
  person: {
    id: "5b000004-0000-4000-8000-000000000001",
    givenName: "Anne-Sophie",
    familyName: "DELAUNAY-VERMEERSCH",
  },
  device: "Téléphone de garde du service d'hémostase et d'anticoagulothérapie",
  scopes: ["imap", "submission"],
  createdAt: at,
  expiresAt: "2027-11-02T08:30:00.000Z",
  lastUsedAt: at,
  status: "live",
};
const devicesPath = `/api/v1/mailboxes/${sharedBox.id}/app-passwords`;

describe("the devices of a box", () => {
  test("are listed with whose they are, and a lost one is disconnected", async () => {
    let devices = [device, {
      ...device,
      id: device.id.replace(/1$/, "2"),
      status: "expired" as const,
      lastUsedAt: null,
    }];
    const { page, faults } = await openConsole(`${base}/mailboxes/${sharedBox.id}`, {
      ...tenancy(),
      [`GET ${devicesPath}`]: () => ({ items: devices }),
      [`DELETE ${devicesPath}/${device.id}`]: () => {
        devices = devices.slice(1);
        return null;
      },
    });
    const card = page.locator("section").filter({
      has: page.getByRole("heading", { name: "Appareils et logiciels" }),
    });
    await card.getByText("Anne-Sophie DELAUNAY-VERMEERSCH").first().waitFor();
    await card.getByText("n'autorise pas les mots de passe").waitFor();
    await card.scrollIntoViewIfNeeded();
    await look(page, "box-devices");
    await card.getByRole("button", { name: "Retirer…" }).first().click();
    await page.getByRole("dialog").getByText("déconnecté en quelques secondes").waitFor();
    await look(page, "box-device-remove");
    await page.getByRole("dialog").getByRole("button", { name: "Retirer" }).click();
    await eventually(() => card.getByRole("listitem").count()).toBe(1);
    expect(faults).toEqual([]);
  });

  test("none; and an error, on a phone in the dark", async () => {
    const { page, api } = await openConsole(`${base}/mailboxes/${sharedBox.id}`, {
      ...tenancy(),
      [`GET ${devicesPath}`]: () => problemOf("internal-error", 500),
    }, { ...phone, colorScheme: "dark" });
    const card = page.locator("section").filter({
      has: page.getByRole("heading", { name: "Appareils et logiciels" }),
    });
    await card.getByRole("alert").waitFor();
    await card.scrollIntoViewIfNeeded();
    await look(page, "box-devices-error-phone");
    api.answers[`GET ${devicesPath}`] = { items: [] };
    await card.getByRole("button", { name: "Réessayer" }).click();
    await card.getByText("Aucun appareil.").waitFor();
  });
});

const certificate: Schemas["ClientCertificate"] = {
  id: "5f000003-0000-4000-8000-000000000001",
  structureId: structure.id,
  label: "Dossier patient informatisé",
  subject:
    "CN=dpi.ch-saint-germain.example,OU=ORG AUTH_CLI,O=CENTRE HOSPITALIER INTERCOMMUNAL DE SAINT-GERMAIN-EN-LAYE,C=FR",
  issuer: "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE ELEMENTAIRE,O=ASIP-SANTE,C=FR",
  serial: "1a2b3c4d5e6f708192a3b4c5d6e7f809",
  sha256: "ab".repeat(32),
  mailboxes: [{ id: "5b000003-0000-4000-8000-000000000090", address: `labo.resultats@${domain.name}` }],
  status: "in_force",
  expiresAt: "2028-11-02T08:30:00.000Z",
  lastUsedAt: null,
  version: 3,
  createdAt: at,
  updatedAt: at,
};
const certificatesPath = `${structurePath}/client-certificates`;
const appBox = mailboxOf(91, { type: "APP", address: `imagerie@${domain.name}`, holderIdNatPs: null });
const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

describe("certificates of software", () => {
  test("one is registered for a box; a private key never leaves the page", async () => {
    const { page, api, faults } = await openConsole(`${base}/client-certificates`, {
      ...tenancy(),
      [`GET ${certificatesPath}`]: { items: [] },
      [`GET ${structurePath}/mailboxes`]: pageOf(appBox),
      [`POST ${certificatesPath}`]: () => Response.json(certificate, { status: 201 }),
    });
    await page.getByRole("heading", { name: "Aucun certificat" }).waitFor();
    await look(page, "certificates-none");
    await page.getByRole("button", { name: "Enregistrer un certificat" }).click();
    const dialog = page.getByRole("dialog");
    const register = dialog.getByRole("button", { name: "Enregistrer un certificat" });
    await dialog.getByLabel("Logiciel").fill("Dossier patient informatisé");
    await dialog.getByLabel("Fichier du certificat (PEM)").setInputFiles({
      name: "dpi.pem",
      mimeType: "application/x-pem-file",
      buffer: Buffer.from(`${pem}\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----`),
    });
    await dialog.getByText("contient une clé privée").waitFor();
    await register.click();
    expect(api.sent.size).toBe(0);
    await look(page, "certificate-key");
    await dialog.getByLabel("… ou son texte").fill(pem);
    await dialog.getByRole("checkbox", { name: appBox.address }).check();
    api.answers[`GET ${certificatesPath}`] = { items: [certificate] };
    await register.click();
    await page.getByText("labo.resultats").waitFor();
    expect(api.sent.get(`POST ${certificatesPath}`)).toEqual({
      label: "Dossier patient informatisé",
      mailboxIds: [appBox.id],
      certificate: pem,
    });
    expect(faults).toEqual([]);
  });

  test("its boxes are changed under its version, and it is withdrawn after what will end was shown", async () => {
    const { page, api } = await openConsole(`${base}/client-certificates`, {
      ...tenancy(),
      [`GET ${certificatesPath}`]: { items: [certificate] },
      [`GET ${structurePath}/mailboxes`]: pageOf(appBox),
      [`PATCH ${certificatesPath}/${certificate.id}`]: (request: Request) =>
        request.headers.get("if-match") === '"3"' ? certificate : problemOf("version-mismatch", 412),
      [`DELETE ${certificatesPath}/${certificate.id}`]: null,
    }, dark);
    await page.getByRole("heading", { name: /Dossier patient/ }).waitFor();
    await look(page, "certificates-dark");
    await page.getByRole("button", { name: "Modifier" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: appBox.address }).check();
    await dialog.getByRole("button", { name: "Enregistrer" }).click();
    await eventually(() => api.sent.get(`PATCH ${certificatesPath}/${certificate.id}`)).toEqual({
      label: certificate.label,
      mailboxIds: [certificate.mailboxes[0]?.id, appBox.id],
    });
    await page.getByRole("button", { name: "Retirer…" }).click();
    await dialog.getByText(/n'ouvre plus labo.resultats/).waitFor();
    await dialog.getByRole("button", { name: "Retirer" }).click();
    await eventually(() => api.asked).toContain(`DELETE ${certificatesPath}/${certificate.id}`);
  });

  test("on a phone", async () => {
    const { page } = await openConsole(`${base}/client-certificates`, {
      ...tenancy(),
      [`GET ${certificatesPath}`]: {
        items: [
          certificate,
          { ...certificate, id: appBox.id, expiresAt: new Date(Date.now() + 20 * 86_400_000).toISOString() },
          { ...certificate, id: device.id, status: "withdrawn" },
        ],
      },
    }, phone);
    await page.getByRole("heading", { name: /Dossier patient.* En vigueur/ }).waitFor();
    await page.getByRole("heading", { name: /Dossier patient.* Expire bientôt/ }).waitFor();
    await look(page, "certificates-phone");
  });
});

describe("what a domain publishes", () => {
  const path = `${structurePath}/domains/${domain.id}`;
  const records: Schemas["DnsRecordList"] = {
    items: [
      {
        purpose: "imap",
        type: "SRV",
        name: `_imap._tcp.${domain.name}`,
        value: "0 1 143 mail.operateur.test.",
      },
      { purpose: "no-pop", type: "SRV", name: `_pop3._tcp.${domain.name}`, value: "0 0 0 ." },
      { purpose: "autoconfig", type: "CNAME", name: `autoconfig.${domain.name}`, value: "operateur.test." },
    ],
  };

  test("stands line by line as a zone has it, and is copied", async () => {
    const { page, faults } = await openConsole(`${base}/domains/${domain.id}`, {
      ...tenancy(),
      [`GET ${path}/dns-records`]: records,
    });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const line = `_imap._tcp.${domain.name}. IN SRV 0 1 143 mail.operateur.test.`;
    await page.getByText(line).waitFor();
    await look(page, "domain-records");
    await page.getByRole("button", { name: `Copier l'enregistrement _imap._tcp.${domain.name}` }).click();
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await eventually(copied).toBe(line);
    await page.getByRole("button", { name: "Copier tous les enregistrements" }).click();
    await eventually(async () => (await copied()).split("\n")).toHaveLength(3);
    expect(faults).toEqual([]);
  });

  test("on a phone in the dark; and an error", async () => {
    const { page, api } = await openConsole(`${base}/domains/${domain.id}`, {
      ...tenancy(),
      [`GET ${path}/dns-records`]: () => problemOf("service-unavailable", 503),
    }, { ...phone, colorScheme: "dark" });
    await page.locator("main").getByRole("alert").waitFor();
    api.answers[`GET ${path}/dns-records`] = records;
    await page.getByRole("button", { name: "Réessayer" }).click();
    await page.getByText(`autoconfig.${domain.name}. IN CNAME`).waitFor();
    await look(page, "domain-records-phone-dark");
  });
});
