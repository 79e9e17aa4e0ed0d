import { describe, expect, test } from "vitest";
import { look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id } from "./samples.ts";
import {
  type Answers,
  operatorSession,
  pageOf,
  problemOf,
  type Schemas,
  sessionOf,
  structure,
} from "./scripted-api.ts";

useConsole();

const base = "/api/v1/privacy";
const day = 24 * 60;
const charter: Schemas["CharterList"]["items"][number] = {
  id: id(1, 2),
  version: "2026-09",
  title: "Charte d'utilisation de la messagerie sécurisée",
  text:
    "Article 1. La messagerie sert aux échanges de données de santé.\n\nArticle 2. Chacun garde secrets ses moyens de connexion.",
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  publishedAt: ago(60 * day),
  acceptanceCount: 742,
};
const older = {
  ...charter,
  id: id(1, 1),
  version: "2025-01",
  acceptanceCount: 1,
  publishedAt: ago(400 * day),
};
const steps: Schemas["ErasurePlan"]["steps"] = [
  {
    category: "roles",
    title: "Rôles, invitations et départs",
    act: "erase",
    dueAt: ago(1),
    ground: "Sans objet dès que la personne n'agit plus",
    doneAt: null,
  },
  {
    category: "identite",
    title: "Identité des professionnels",
    act: "erase",
    dueAt: ago(-1095 * day),
    ground:
      "Le nom reste lisible dans la trace aussi longtemps que la trace est conservée (art. 17.3.e RGPD)",
    doneAt: null,
  },
  {
    category: "trace",
    title: "Trace des actes",
    act: "keep",
    dueAt: ago(-1095 * day),
    ground: "Constatation, exercice ou défense de droits en justice (art. 17.3.e)",
    doneAt: null,
  },
  {
    category: "adresses",
    title: "Adresses déjà attribuées",
    act: "keep",
    dueAt: null,
    ground:
      "Une adresse réattribuée ferait lire à un inconnu le courrier destiné au précédent (art. 17.3.c et 32)",
    doneAt: null,
  },
];
const person = { id: id(2, 1), givenName: "Louise", familyName: "Aragon" };
const erasure: Schemas["ErasurePlan"] = {
  id: id(3, 1),
  personId: person.id,
  givenName: person.givenName,
  familyName: person.familyName,
  requestedBy: id(2, 9),
  reason: "Demande reçue par courrier le 18 novembre",
  status: "planned",
  version: 1,
  createdAt: ago(2),
  endedAt: null,
  steps,
};
const register: Schemas["ProcessingRegister"] = {
  items: [{
    name: "trace",
    title: "Trace des actes",
    purpose: "Prouver qui a fait quoi ; détecter un abus",
    basis: "Obligation de sécurité et de preuve (art. 5.2 et 32)",
    people: "Toute personne qui agit",
    recipients: "Administrateurs de la structure, auditeurs",
    retention: "Durée de conservation des traces",
    columns: ["audit_events.*", "audit_links.*"],
  }],
};
const asOperator: Answers = { "GET /api/v1/session": operatorSession };

describe("the register", () => {
  test("is read by the operator beside charters and erasures", async () => {
    const { page, faults } = await openConsole("/admin/privacy", {
      ...asOperator,
      [`GET ${base}/register`]: register,
    });
    await page.getByRole("heading", { name: "Trace des actes" }).waitFor();
    await page.getByText("2 données enregistrées").click();
    await page.getByText("audit_links.*").waitFor();
    expect(
      await page.getByRole("navigation", { name: "Parties du RGPD" }).getByRole("link").allTextContents(),
    )
      .toEqual(["Registre des traitements", "Chartes", "Effacements"]);
    await look(page, "admin-privacy-register");
    expect(faults).toEqual([]);
  });

  test("is all of it that an administrator of a structure is shown", async () => {
    const { page } = await openConsole(`/admin/structures/${structure.id}/privacy`, {
      [`GET ${base}/register`]: register,
    }, { ...phone, colorScheme: "dark" });
    await page.getByRole("heading", { name: "Trace des actes" }).waitFor();
    expect(await page.getByRole("link", { name: "Chartes" }).count()).toBe(0);
    await look(page, "admin-privacy-register-phone-dark");
  });
});

describe("charters", () => {
  test("the support reads them and publishes none", async () => {
    const { page } = await openConsole("/admin/privacy/charters", {
      "GET /api/v1/session": sessionOf([{
        role: "operator_support",
        structureId: null,
        structureName: null,
      }]),
      [`GET ${base}/charters`]: { items: [charter, older] },
    });
    await page.getByText("742 acceptations").waitFor();
    await page.getByText("Lire le texte").first().click();
    await page.getByText("Article 2. Chacun garde secrets").first().waitFor();
    expect(await page.getByRole("link", { name: "Publier une version" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Effacements" }).count()).toBe(0);
    await look(page, "admin-privacy-charters");
  });

  test("one is published after its preview, and a warning that everybody is asked again", async () => {
    const { page, api, faults } = await openConsole("/admin/privacy/charters/new", {
      ...asOperator,
      [`GET ${base}/charters`]: { items: [charter] },
      [`POST ${base}/charters`]: () => Response.json({ ...charter, version: "2026-12" }, { status: 201 }),
    });
    await page.getByText("demande à toutes les personnes de la plateforme").waitFor();
    const publish = page.getByRole("button", { name: "Publier une version" });
    await publish.click();
    await page.getByText("À remplir.").first().waitFor();
    const version = page.getByLabel("Numéro de version");
    await version.fill("2026-09");
    await page.getByText("Cette version de la charte est déjà publiée").waitFor();
    await version.fill("2026-12");
    await page.getByLabel("Titre", { exact: true }).fill("Charte d'utilisation");
    await page.getByLabel("Texte de la charte").fill("Article 1.\n\nArticle 2.");
    await page.getByRole("region", { name: "Charte d'utilisation" }).getByText("Article 2.").waitFor();
    await look(page, "admin-privacy-charter-new");
    await publish.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("même celles qui ont accepté la précédente").waitFor();
    const confirm = dialog.getByRole("button", { name: "Publier une version" });
    expect(await confirm.isDisabled()).toBe(true);
    await look(page, "admin-privacy-charter-ask");
    await dialog.getByRole("textbox").fill("2026-12");
    await confirm.click();
    await page.getByText("Charte publiée").waitFor();
    expect(api.sent.get(`POST ${base}/charters`)).toEqual({
      version: "2026-12",
      title: "Charte d'utilisation",
      text: "Article 1.\n\nArticle 2.",
    });
    expect(faults).toEqual([]);
  });
});

describe("erasures", () => {
  const { steps: _steps, ...listed } = erasure;
  const found = { ...person, idNatPs: "810100000018", rpps: "10100000018", roles: [], mailboxes: [] };

  test("one is planned from a person, with its dated plan before anything is confirmed", async () => {
    const { page, api, faults } = await openConsole("/admin/privacy/erasures", {
      ...asOperator,
      [`GET ${base}/erasures`]: pageOf(listed, {
        ...listed,
        id: id(3, 2),
        givenName: "",
        familyName: "",
        status: "done",
        endedAt: ago(5),
      }),
      "GET /api/v1/people": pageOf(found),
      [`GET ${base}/erasure-preview`]: {
        personId: person.id,
        givenName: person.givenName,
        familyName: person.familyName,
        mailboxes: ["louise.aragon@ch-saint-germain.mssante.fr"],
        steps: steps.map(({ doneAt: _doneAt, ...step }) => step),
      },
      [`POST ${base}/erasures`]: () => Response.json(erasure, { status: 201 }),
      [`GET ${base}/erasures/${erasure.id}`]: erasure,
    });
    await page.getByText("Personne effacée").waitFor();
    await look(page, "admin-privacy-erasures");
    await page.getByRole("link", { name: "Prévoir un effacement" }).click();
    await page.getByLabel("Nom, adresse ou n° RPPS").fill("aragon");
    await page.getByRole("button", { name: "Louise ARAGON" }).click();
    await page.getByText("Effacé dès la confirmation").waitFor();
    await page.getByText("Conservé sans limite de durée").waitFor();
    await page.getByText("louise.aragon@ch-saint-germain.mssante.fr").waitFor();
    await look(page, "admin-privacy-erasure-preview");
    expect(api.sent.size).toBe(0);
    await page.getByRole("button", { name: "Effacer cette personne" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("rôles, invitations et départs").waitFor();
    await look(page, "admin-privacy-erasure-ask");
    await dialog.getByRole("textbox").first().fill("Demande par courrier");
    await dialog.getByRole("textbox").last().fill("Louise ARAGON");
    await dialog.getByRole("button", { name: "Effacer cette personne" }).click();
    await page.getByRole("heading", { name: "Effacement de Louise ARAGON" }).waitFor();
    expect(api.sent.get(`POST ${base}/erasures`)).toEqual({
      personId: person.id,
      reason: "Demande par courrier",
    });
    expect(faults).toEqual([]);
  });

  test("one is given up as it was seen; begun meanwhile, it says so and stays", async () => {
    let version: string | null = null;
    const path = `${base}/erasures/${erasure.id}`;
    const { page } = await openConsole(`/admin/privacy/erasures/${erasure.id}`, {
      ...asOperator,
      [`GET ${path}`]: erasure,
      [`DELETE ${path}`]: (request: Request) => {
        version = request.headers.get("if-match");
        return problemOf("erasure-ended", 409);
      },
    }, phone);
    await page.getByText("Effacé à partir du").first().waitFor();
    await look(page, "admin-privacy-erasure-phone");
    await page.getByRole("button", { name: "Annuler l'effacement" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Annuler l'effacement" }).click();
    await dialog.getByText("L'effacement a commencé").waitFor();
    expect(version).toBe('"1"');
  });

  test("an auditor reads one and cancels none", async () => {
    const done = { ...steps[0], doneAt: ago(1) };
    const { page } = await openConsole(`/admin/privacy/erasures/${erasure.id}`, {
      "GET /api/v1/session": sessionOf([{ role: "auditor", structureId: null, structureName: null }]),
      [`GET ${base}/erasures/${erasure.id}`]: {
        ...erasure,
        status: "running",
        steps: [done, ...steps.slice(1)],
      },
    });
    await page.getByText("il ne peut plus être annulé").waitFor();
    expect(await page.getByRole("button", { name: "Annuler l'effacement" }).count()).toBe(0);
    await look(page, "admin-privacy-erasure");
  });
});
