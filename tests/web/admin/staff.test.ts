/** Accounts of the operator's staff and one's own ways in, as they are seen and changed. */
import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id } from "./samples.ts";
import { operatorSession, pageOf, problemOf, type Schemas } from "./scripted-api.ts";

useConsole();

const path = "/api/v1/staff";
const account = (number: number, more: Partial<Schemas["StaffAccount"]> = {}): Schemas["StaffAccount"] => ({
  personId: id(8, number),
  login: "j.durand",
  givenName: "Jeanne",
  familyName: "DURAND",
  roles: ["operator_support"],
  status: "active",
  hasPassword: true,
  passkeyCount: 1,
  createdAt: ago(90_000),
  enrolledAt: ago(89_000),
  lastSignedInAt: ago(300),
  enrolmentExpiresAt: null,
  ...more,
});
const jeanne = account(1);
const accounts = [
  account(2, {
    personId: operatorSession.person.id,
    login: "c.martin",
    givenName: "Camille",
    familyName: "MARTIN",
  }),
  jeanne,
  account(3, {
    login:
      "marie-antoinette.de-la-tour-du-pin-chambly-de-la-charce@exploitation.operateur-messagerie.example",
    givenName: "Marie-Antoinette Philippine Henriette",
    familyName: "DE LA TOUR DU PIN CHAMBLY DE LA CHARCE",
    roles: ["operator_administrator", "operator_support", "auditor"],
  }),
  account(4, {
    login: "n.petit",
    givenName: "Noé",
    familyName: "PETIT",
    status: "invited",
    enrolmentExpiresAt: ago(-30),
  }),
  account(5, {
    login: "l.roux",
    givenName: "Lou",
    familyName: "ROUX",
    status: "invited",
    enrolmentExpiresAt: ago(30),
  }),
];
const answers = {
  "GET /api/v1/session": operatorSession,
  [`GET ${path}`]: pageOf(...accounts),
};
const dark = { ...desktop, colorScheme: "dark" as const };

describe("the accounts of the staff", () => {
  test("show who may what, how, and whose link is over", async () => {
    const { page } = await openConsole("/admin/staff/accounts", answers);
    await page.getByText("Jeanne DURAND").waitFor();
    await page.getByText("Lien expiré").waitFor();
    await look(page, "staff-accounts");
  });

  test.each([["phone", phone], ["dark", dark]] as const)("stay readable: %s", async (name, options) => {
    const { page } = await openConsole("/admin/staff/accounts", answers, options);
    await page.getByText("Jeanne DURAND").waitFor();
    await look(page, `staff-accounts-${name}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("empty, and refused with another try", async () => {
    const { page } = await openConsole("/admin/staff/accounts", { ...answers, [`GET ${path}`]: pageOf() });
    await page.getByText("Aucun compte.").waitFor();
    await look(page, "staff-accounts-empty");
    const refused = await openConsole("/admin/staff/accounts", {
      ...answers,
      [`GET ${path}`]: () => problemOf("service-unavailable", 503),
    });
    await refused.page.getByRole("button", { name: "Réessayer" }).waitFor();
    await look(refused.page, "staff-accounts-error");
  });

  test("roles are changed in place; one stays at least", async () => {
    const { page, api } = await openConsole("/admin/staff/accounts", {
      ...answers,
      [`PUT ${path}/${jeanne.personId}/roles`]: { ...jeanne, roles: ["auditor"] },
    });
    await page.getByRole("button", { name: "Changer les rôles – Jeanne DURAND" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: /^Support/ }).uncheck();
    await dialog.getByText("Choisissez au moins un rôle.").waitFor();
    await look(page, "staff-roles");
    await dialog.getByRole("checkbox", { name: /^Audit/ }).check();
    await dialog.getByRole("button", { name: "Changer les rôles" }).click();
    await page.getByText("Rôles de Jeanne DURAND changés").waitFor();
    expect(api.sent.get(`PUT ${path}/${jeanne.personId}/roles`)).toEqual({ roles: ["auditor"] });
  });

  test("on a phone, of one's own account with a warning, and the last administrator's refusal is said", async () => {
    const own = `PUT ${path}/${operatorSession.person.id}/roles`;
    const { page } = await openConsole("/admin/staff/accounts", {
      ...answers,
      [own]: () => problemOf("last-administrator", 409),
    }, phone);
    await page.getByRole("button", { name: "Changer les rôles – Camille MARTIN" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("C'est votre compte").waitFor();
    await dialog.getByRole("button", { name: "Changer les rôles" }).click();
    await dialog.getByRole("alert").waitFor();
    await look(page, "staff-roles-phone");
  });

  test("a factor is asked for where it is too long ago, and the roles are then changed", async () => {
    let isShown = false;
    const { page, api } = await openConsole("/admin/staff/accounts", {
      ...answers,
      [`PUT ${path}/${jeanne.personId}/roles`]: () =>
        isShown ? jeanne : problemOf("factor-required", 403, { method: "staff" }),
      "GET /auth/staff/factors": {
        login: "c.martin",
        passwordSetAt: ago(9_000),
        totpSetAt: ago(9_000),
        recoveryCodesLeft: 8,
        passkeys: [],
        recentUntil: null,
      },
      "POST /auth/staff/step-up": () => {
        isShown = true;
        return {};
      },
    });
    await page.getByRole("button", { name: "Changer les rôles – Jeanne DURAND" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Changer les rôles" }).click();
    const ask = page.getByRole("dialog", { name: "Confirmez que c'est vous" });
    await ask.getByLabel("Mot de passe").fill("tournesol grimpe lentement");
    await ask.getByLabel("Code", { exact: false }).fill("123456");
    await look(page, "staff-roles-step-up");
    await ask.getByRole("button", { name: "Confirmer" }).click();
    await page.getByText("Rôles de Jeanne DURAND changés").waitFor();
    expect(api.asked.filter((asked) => asked.startsWith("PUT"))).toHaveLength(2);
  });

  test("who may only read changes nothing", async () => {
    const { page } = await openConsole("/admin/staff/accounts", {
      ...answers,
      "GET /api/v1/session": {
        ...operatorSession,
        roles: [{ role: "auditor", structureId: null, structureName: null }],
      },
    });
    await page.getByText("Jeanne DURAND").waitFor();
    await eventually(() => page.locator("main").getByRole("button").count()).toBe(0);
  });
});

describe("one's own ways in", () => {
  const factors = {
    login: "c.martin",
    passwordSetAt: ago(9_000),
    totpSetAt: ago(9_000),
    recoveryCodesLeft: 1,
    passkeys: [
      {
        id: id(9, 1),
        name: "Clé de sécurité du trousseau de l'astreinte de nuit et de fin de semaine",
        isSynced: false,
        createdAt: ago(9_000),
        lastUsedAt: ago(40),
        isRefused: false,
      },
      {
        id: id(9, 2),
        name: "Téléphone",
        isSynced: true,
        createdAt: ago(8_000),
        lastUsedAt: null,
        isRefused: true,
      },
    ],
    recentUntil: null,
  };

  test.each([["desktop", desktop], ["phone", phone], ["dark", dark]] as const)(
    "are readable: %s",
    async (name, options) => {
      const { page } = await openConsole("/admin/staff/factors", {
        ...answers,
        "GET /auth/staff/factors": factors,
      }, options);
      await page.getByText("une copie en a été vue").waitFor();
      await look(page, `staff-factors-${name}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    },
  );
});
