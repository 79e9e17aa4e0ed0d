/** A box in the console: opened, changed, delegated, moved, exported, and many at once. */
import { describe, expect, test } from "vitest";
import { eventually, look, phone } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { operatorSession, pageOf, problemOf, structure } from "./scripted-api.ts";
import {
  delegation,
  domain,
  longStructure,
  sharedBox,
  structurePath,
  structures,
  tenancy,
  uuid,
} from "./tenancy-samples.ts";

useConsole();

const asOperator = () => ({ "GET /api/v1/session": operatorSession, ...tenancy() });
const dark = { viewport: { width: 1440, height: 900 }, colorScheme: "dark" as const };
const base = `/admin/structures/${structure.id}`;

describe("boxes", () => {
  const boxPath = `${base}/mailboxes/${sharedBox.id}`;

  test("a box with its members, delegations and aliases, on a desktop, in the dark and on a phone", async () => {
    for (const [name, options] of [["light", undefined], ["dark", dark], ["phone", phone]] as const) {
      const { page, faults } = await openConsole(boxPath, tenancy(), options);
      await page.getByText("Anne-Sophie DELAUNAY-VERMEERSCH").first().waitFor();
      await page.getByText("hemostase@").waitFor();
      await look(page, `box-${name}`);
      expect(faults).toEqual([]);
    }
  });

  test("a suspension is explained, sent with the version that was seen, and can be undone", async () => {
    const seen: (string | null)[] = [];
    const { page, api } = await openConsole(boxPath, {
      ...tenancy(),
      [`POST /api/v1/mailboxes/${sharedBox.id}/suspension`]: (request: Request) => {
        seen.push(request.headers.get("if-match"));
        return { ...sharedBox, status: "suspended", version: 2 };
      },
      [`DELETE /api/v1/mailboxes/${sharedBox.id}/suspension`]: sharedBox,
    });
    await page.getByRole("button", { name: "Suspendre" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Les messages déjà reçus sont conservés.").waitFor();
    await dialog.getByLabel(/Motif/).fill("Enquête");
    await look(page, "box-suspension");
    await dialog.getByRole("button", { name: "Suspendre" }).click();
    await page.getByRole("button", { name: "Annuler", exact: true }).click();
    await eventually(() => api.asked.filter((one) => one.startsWith("DELETE")).length).toBe(1);
    expect(seen).toEqual(['"1"']);
  });

  test("a suspension that somebody overtook is asked again, with who it was and what was typed", async () => {
    const path = `/api/v1/mailboxes/${sharedBox.id}`;
    const keys = new Set<string | null>();
    let version = 1;
    const { page, api } = await openConsole(boxPath, {
      ...tenancy(),
      [`POST ${path}/suspension`]: (request: Request) => {
        keys.add(request.headers.get("idempotency-key"));
        return request.headers.get("if-match") === `"${version}"`
          ? { ...sharedBox, status: "suspended", version: version + 1 }
          : problemOf("version-mismatch", 412, { currentVersion: version });
      },
      [`GET ${structurePath}/audit`]: pageOf({
        id: 9,
        at: longStructure.createdAt,
        actorLabel: "Paul PETIT",
      }),
    });
    await page.getByRole("button", { name: "Suspendre" }).click();
    version = 2;
    api.answers[`GET ${path}`] = { ...sharedBox, version };
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/Motif/).fill("Enquête");
    await dialog.getByRole("button", { name: "Suspendre" }).click();
    await dialog.getByText(/Paul PETIT a fait un changement/).waitFor();
    await look(page, "box-overtaken");
    expect(await dialog.getByLabel(/Motif/).inputValue()).toBe("Enquête");
    await dialog.getByRole("button", { name: "Suspendre" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(keys.size).toBe(2);
  });

  test("an address is suggested for a person, and a namesake is told of", async () => {
    const { page, api } = await openConsole(`${base}/mailboxes/new`, {
      ...tenancy(),
      "GET /api/v1/address-suggestions": {
        addresses: ["camille.martin2@ch-saint-germain.mssante.fr"],
        isHomonym: true,
      },
      [`POST ${structurePath}/mailboxes`]: () => problemOf("mailbox-address-taken", 409, { address: "x" }),
    });
    await page.getByLabel("N° RPPS du titulaire").fill("10100000016");
    await page.getByLabel("Prénom").fill("Camille");
    await page.getByLabel("Nom", { exact: true }).fill("Martin");
    await page.getByText("Un homonyme existe déjà").waitFor();
    await eventually(() => page.getByLabel(/arobase/).inputValue()).toBe("camille.martin2");
    await page.getByLabel("Liste rouge").check();
    await look(page, "box-new");
    await page.getByRole("button", { name: "Ouvrir la boîte" }).click();
    await page.getByRole("alert").waitFor();
    expect(api.sent.get(`POST ${structurePath}/mailboxes`)).toMatchObject({
      address: "camille.martin2@ch-saint-germain.mssante.fr",
      type: "PER",
      holderIdNatPs: "810100000016",
      displayName: "Camille Martin",
      // Hidden from its first day: what was published once has been seen.
      redList: true,
    });
  });

  test("a delegation is given to a person whom the structure knows, with its dates", async () => {
    const { page, api } = await openConsole(boxPath, {
      ...tenancy(),
      [`GET ${structurePath}/people`]: pageOf({
        ...delegation.person,
        rpps: "10100000040",
        status: "active",
        createdAt: longStructure.createdAt,
        lastSignedInAt: null,
        roles: [],
        mailboxes: [],
        invitation: null,
      }),
      [`POST /api/v1/mailboxes/${sharedBox.id}/delegations`]: () =>
        Response.json(delegation, { status: 201 }),
    });
    await page.getByRole("button", { name: "Donner une délégation" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Chercher une personne de la structure").fill("delaunay");
    await dialog.getByRole("button", { name: /Anne-Sophie/ }).click();
    await dialog.getByLabel("Envoyer de la part de la boîte").check();
    expect(await dialog.getByLabel("Ranger, marquer, supprimer").isChecked()).toBe(true);
    await dialog.getByLabel("Jusqu'au (inclus)").fill("2026-12-31");
    await look(page, "delegation-new");
    await dialog.getByRole("button", { name: "Donner une délégation" }).click();
    await page.getByText("Délégation donnée").waitFor();
    expect(api.sent.get(`POST /api/v1/mailboxes/${sharedBox.id}/delegations`)).toMatchObject({
      personId: delegation.personId,
      rights: ["read", "write", "send-on-behalf"],
      endsAt: expect.stringMatching(/^2026-12-31T|^2027-01-01T/),
    });
  });

  test("a box is moved to another structure under a new address, after its old one is typed", async () => {
    const target = structures[3]!;
    const other = { ...domain, id: uuid(2, 9), structureId: target.id, name: "tilleuls.mssante.fr" };
    const moved = {
      ...sharedBox,
      id: uuid(3, 9),
      structureId: target.id,
      address: `hemostase@${other.name}`,
    };
    const { page, api } = await openConsole(boxPath, {
      ...asOperator(),
      [`GET /api/v1/structures/${target.id}`]: target,
      [`GET /api/v1/structures/${target.id}/domains`]: pageOf(other),
      [`GET /api/v1/mailboxes/${moved.id}`]: moved,
      [`POST /api/v1/mailboxes/${sharedBox.id}/move`]: () => Response.json(moved, { status: 201 }),
    });
    await page.getByRole("button", { name: "Transférer…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("searchbox").fill("tilleuls n° 3");
    await dialog.getByRole("button", { name: target.name, exact: true }).click();
    await dialog.getByLabel(/arobase/).fill("hemostase");
    await dialog.getByRole("button", { name: "Continuer" }).click();
    await dialog.getByText(/ferme définitivement/).waitFor();
    await dialog.getByLabel(/Motif/).fill("Rattachement du service");
    await dialog.getByLabel(/Pour confirmer/).fill(sharedBox.address);
    await look(page, "box-move");
    await dialog.getByRole("button", { name: "Transférer" }).click();
    await page.getByRole("heading", { name: moved.address }).waitFor();
    expect(api.sent.get(`POST /api/v1/mailboxes/${sharedBox.id}/move`)).toEqual({
      structureId: target.id,
      address: moved.address,
      reason: "Rattachement du service",
    });
  });

  test("an archive of a box's mail is followed, and given when it is ready", async () => {
    const made = {
      id: "5f000000-0000-4000-8000-000000000001",
      status: "queued",
      doneCount: 0,
      totalCount: null,
    };
    const { page, api } = await openConsole(boxPath, {
      ...tenancy(),
      [`POST /api/v1/mailboxes/${sharedBox.id}/exports`]: () => Response.json(made, { status: 201 }),
      [`GET /api/v1/privacy/exports/${made.id}`]: {
        ...made,
        status: "running",
        doneCount: 12,
        totalCount: 40,
      },
    });
    await page.getByRole("button", { name: "Exporter le courrier…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/données de santé/).waitFor();
    await dialog.getByLabel(/Motif/).fill("Départ à la retraite");
    await dialog.getByRole("button", { name: "Exporter le courrier" }).click();
    await page.getByText("12 messages archivés").waitFor();
    await page.reload();
    await page.getByText("12 messages archivés").waitFor();
    await look(page, "box-export");
    api.answers[`GET /api/v1/privacy/exports/${made.id}`] = { ...made, status: "ready", doneCount: 40 };
    const link = page.getByRole("link", { name: `Courrier de ${sharedBox.address}` });
    await link.waitFor();
    expect(await link.getAttribute("href")).toBe(`/api/v1/privacy/exports/${made.id}/archive`);
  });

  test("many boxes are suspended after a dry run, and the work is followed", async () => {
    const batch = {
      id: "5d000000-0000-4000-8000-000000000001",
      structureId: structure.id,
      source: "selection",
      action: "suspend",
      reason: "",
      state: "ready",
      lineCount: 2,
      counts: {
        unchecked: 0,
        create: 0,
        change: 0,
        close: 0,
        suspend: 2,
        resume: 0,
        reopen: 0,
        unchanged: 0,
        error: 0,
      },
      progress: { total: 2, done: 0, failed: 0, undone: 0, kept: 0, checked: 2 },
      createdBy: { kind: "person", id: null, name: "Camille MARTIN" },
      version: 2,
      createdAt: longStructure.createdAt,
      updatedAt: longStructure.createdAt,
      checkedAt: longStructure.createdAt,
      runAt: null,
      finishedAt: null,
    };
    const { page, api } = await openConsole(`${base}/mailboxes`, {
      ...tenancy(),
      [`POST ${structurePath}/batches`]: () => Response.json(batch, { status: 201 }),
      [`GET /api/v1/batches/${batch.id}`]: {
        ...batch,
        state: "running",
        progress: { ...batch.progress, done: 1 },
      },
      [`POST /api/v1/batches/${batch.id}/run`]: { ...batch, state: "running" },
    });
    await page.getByRole("row").nth(3).waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowDown");
    await page.getByText("2 lignes sélectionnées").waitFor();
    await look(page, "boxes-ticked");
    await page.getByRole("button", { name: "Suspendre" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Le lot peut être annulé").waitFor();
    await look(page, "boxes-bulk");
    await dialog.getByRole("button", { name: "Suspendre" }).click();
    await page.getByRole("progressbar").waitFor();
    await look(page, "boxes-work");
    expect(api.sent.get(`POST ${structurePath}/batches`)).toMatchObject({ action: "suspend" });
  });
});
