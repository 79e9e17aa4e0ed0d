import { describe, expect, test } from "vitest";
import { desktop, eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id, person } from "./samples.ts";
import { type Answers, pageOf, problemOf, structure } from "./scripted-api.ts";

useConsole();

const base = `/api/v1/structures/${structure.id}`;
const screen = `/admin/structures/${structure.id}/people`;
const invitation = {
  id: id(4, 1),
  structureId: structure.id,
  personId: id(2, 90),
  idNatPs: "810003456786",
  givenName: "Inès",
  familyName: "GARCIA-LEFEBVRE",
  role: "mailbox_manager",
  email: null,
  status: "pending",
  createdAt: ago(60),
  expiresAt: ago(-60 * 24 * 14),
  decidedAt: null,
};
const people = Array.from({ length: 300 }, (_, number) => person(number));
const answers: Answers = {
  [`GET ${base}/people`]: (_request: Request, url: URL) => {
    const words = (url.searchParams.get("q") ?? "").toLowerCase();
    return pageOf(...people.filter((one) => JSON.stringify(one).toLowerCase().includes(words)));
  },
  [`GET ${base}/invitations`]: pageOf(invitation),
};

describe("the people of a structure", () => {
  test("are listed, searched, and the search stands in the URL", async () => {
    const { page, faults } = await openConsole(screen, answers);
    await page.getByRole("row", { name: /ALLARD/ }).first().waitFor();
    await look(page, "admin-people");
    await page.getByRole("searchbox").fill("durand");
    await eventually(() => new URL(page.url()).searchParams.get("q")).toBe("durand");
    await eventually(() => page.getByRole("row", { name: /ALLARD/ }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("on a phone and in the dark", async () => {
    const { page } = await openConsole(screen, answers, { ...phone, colorScheme: "dark" });
    await page.getByRole("row", { name: /ALLARD/ }).first().waitFor();
    await look(page, "admin-people-phone");
  });

  test("an RPPS with a wrong key is refused before it is sent; a right one invites", async () => {
    const { page, api } = await openConsole(screen, {
      ...answers,
      [`POST ${base}/invitations`]: () => Response.json(invitation, { status: 201 }),
    });
    await page.getByRole("button", { name: "Inviter une personne" }).click();
    await page.getByRole("textbox", { name: "Numéro RPPS" }).fill("10003456787");
    await page.getByRole("button", { name: "Inviter", exact: true }).click();
    await page.getByText(/n'est pas un numéro RPPS/).waitFor();
    await look(page, "admin-invite-wrong");
    await page.getByRole("textbox", { name: "Numéro RPPS" }).fill("1 000 345 6786");
    await page.getByLabel("Prénom").fill("Inès");
    await page.getByLabel("Nom d'exercice").fill("GARCIA-LEFEBVRE");
    await page.getByRole("radio", { name: /Gestionnaire de boîtes/ }).check();
    await page.getByRole("button", { name: "Inviter", exact: true }).click();
    await page.getByText("Inès GARCIA-LEFEBVRE est invité(e)").waitFor();
    expect(api.sent.get(`POST ${base}/invitations`)).toEqual({
      idNatPs: "810003456786",
      givenName: "Inès",
      familyName: "GARCIA-LEFEBVRE",
      role: "mailbox_manager",
    });
  });

  test("nobody yet", async () => {
    const { page } = await openConsole(screen, {
      [`GET ${base}/people`]: pageOf(),
      [`GET ${base}/invitations`]: pageOf(),
    });
    await page.getByText("Aucune personne").waitFor();
    await look(page, "admin-people-empty");
  });
});

describe("one person", () => {
  const one = person(5);
  const path = `${base}/people/${one.id}`;
  const preview = {
    roles: ["structure_administrator"],
    memberBoxes: [{ id: id(1, 70), address: "secretariat@ch-saint-germain.mssante.fr" }],
    mailboxes: [{ id: id(1, 5), address: "personne.5@ch-saint-germain.mssante.fr" }],
    orphanedMailboxes: [{ id: id(1, 71), address: "dieteticiens@ch-saint-germain.mssante.fr" }],
    sessions: 1,
    isLastAdministrator: false,
  };
  const ofOne: Answers = {
    [`GET ${path}`]: one,
    [`GET ${path}/departure-preview`]: preview,
    [`POST ${path}/departure`]: () =>
      Response.json({ id: id(5, 1), structureId: structure.id, personId: one.id, status: "done" }, {
        status: 201,
      }),
  };

  test("leaves after what will end was shown, with a reason", async () => {
    const { page, api } = await openConsole(`${screen}/${one.id}`, ofOne, desktop);
    await page.getByRole("heading", { level: 1, name: /FAURE/ }).waitFor();
    await look(page, "admin-person");
    await page.getByRole("button", { name: /Départ de la structure/ }).click();
    await page.getByText("1 boîte partagée n'aura plus aucun lecteur").waitFor();
    await look(page, "admin-departure");
    await page.getByRole("button", { name: "Enregistrer le départ" }).click();
    await page.getByText("À remplir").waitFor();
    expect(api.sent.size).toBe(0);
    await page.getByLabel("Motif").fill("Mutation");
    api.answers[`GET ${path}`] = () => problemOf("person-not-found", 404);
    await page.getByRole("button", { name: "Enregistrer le départ" }).click();
    await page.getByText(/Départ de .* enregistré/).waitFor();
    // Without a box kept here, the person is no longer the structure's to see: back to the list.
    await eventually(() => new URL(page.url()).pathname).toBe(screen);
    expect(api.sent.get(`POST ${path}/departure`)).toEqual({ reason: "Mutation" });
  });

  test("the last administrator cannot leave", async () => {
    const { page } = await openConsole(`${screen}/${one.id}`, {
      ...ofOne,
      [`GET ${path}/departure-preview`]: { ...preview, isLastAdministrator: true },
    });
    await page.getByRole("button", { name: /Départ de la structure/ }).click();
    await page.getByText(/dernier administrateur de la structure/).waitFor();
    expect(await page.getByRole("button", { name: "Enregistrer le départ" }).isDisabled()).toBe(true);
  });

  test("a role is taken away after a question; a refusal stays in it", async () => {
    const role = `DELETE ${base}/memberships/${one.id}/structure_administrator`;
    const { page, api } = await openConsole(`${screen}/${one.id}`, {
      ...ofOne,
      [role]: () => problemOf("last-administrator", 409),
    });
    await page.getByRole("button", { name: "Retirer le rôle « Administrateur de structure »" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/L'effet est immédiat/).waitFor();
    await dialog.getByRole("button", { name: /Retirer le rôle/ }).click();
    await dialog.getByRole("alert").waitFor();
    api.answers[role] = null;
    await dialog.getByRole("button", { name: /Retirer le rôle/ }).click();
    await page.getByText(/Rôle retiré à/).waitFor();
  });
});
