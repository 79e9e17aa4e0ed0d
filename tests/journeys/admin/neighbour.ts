/** Third act: the administrator of another structure finds nothing of it, on the screens, by the URLs, or by the API. */
import { expect } from "vitest";
import { Visitor } from "../support/visitor.ts";
import type { Traces } from "./administrator.ts";
import { lookAround } from "./looks.ts";
import type { Desk } from "./world.ts";

/** Her screens, each with something of her own that stands there once it is read. */
const ownScreens: readonly (readonly [link: string, own: string | RegExp])[] = [
  ["Vue d'ensemble", "SIRET 123 456 789 00011"],
  ["Boîtes", "anne.allard@alpha.mssante.test"],
  ["Domaines", /^alpha\.mssante\.test$/],
  ["Personnes", "CORBEAU"],
  ["Imports", "Aucun import"],
  ["Journal d'audit", "anne.allard@alpha.mssante.test"],
];
const foreign = /Tilleuls|tilleuls\.mssante\.test|Hélène HENRY/;

export async function findNothing({ page, hand }: Desk, structureId: string, traces: Traces): Promise<void> {
  await hand.press("link", "Ouvrir l'administration");
  await page.getByRole("heading", { level: 1, name: "Tableau de bord – Cabinet médical Alpha" }).waitFor();

  for (const [screen, own] of ownScreens) {
    await hand.press("link", screen);
    await page.locator("main").getByText(own).filter({ visible: true }).first().waitFor();
    expect(await page.locator("body").innerText(), `on the screen ${screen}`).not.toMatch(foreign);
  }
  await lookAround(page, "neighbour-audit");

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^Chercher/ }).fill("tilleuls");
  await page.getByRole("status").filter({ hasText: "Aucun résultat" }).waitFor();
  await lookAround(page, "neighbour-palette");
  await page.keyboard.press("Escape");

  const base = `/admin/structures/${structureId}`;
  const places = [
    base,
    `${base}/dashboard`,
    `${base}/mailboxes`,
    `${base}/mailboxes/${traces.mailboxId}`,
    `${base}/domains`,
    `${base}/people`,
    `${base}/batches`,
    `${base}/batches/${traces.batchId}`,
    `${base}/audit`,
    `${base}/settings`,
    "/admin/structures",
    "/admin/mailboxes",
    "/admin/people",
    "/admin/audit",
  ];
  for (const place of places) {
    await page.goto(new URL(place, page.url()).href);
    const told = page.locator("main").getByRole("alert");
    // The list of structures is hers too: of her own one.
    await told.or(page.getByRole("row", { name: /Cabinet médical Alpha/ })).first().waitFor();
    expect(await page.locator("body").innerText(), place).not.toMatch(foreign);
  }
  await lookAround(page, "neighbour-refused");
}

/** Whoever asks for what is his neighbour's hears exactly what he would hear of what never was. */
export async function hearNothing(baseUrl: string, structureId: string, traces: Traces): Promise<void> {
  const alice = await Visitor.signIn(baseUrl, "alice-admin");
  const nowhere = crypto.randomUUID();
  const paths = [
    "structures/S",
    "structures/S/mailboxes",
    "structures/S/mailboxes/export",
    "structures/S/domains",
    "structures/S/people",
    "structures/S/invitations",
    "structures/S/batches",
    "structures/S/audit",
    "structures/S/dashboard",
    "mailboxes/M",
    "mailboxes/M/delegations",
    "mailboxes/M/openings",
    "batches/B",
    "batches/B/lines",
  ];
  const answerTo = async (path: string, ids: Traces & { structureId: string }) => {
    const response = await alice.fetch(
      `/api/v1/${
        path.replace(/\bS\b/, ids.structureId).replace(/\bM\b/, ids.mailboxId).replace(/\bB\b/, ids.batchId)
      }`,
    );
    const { instance: _, ...body } = await response.json();
    return { status: response.status, body };
  };
  for (const path of paths) {
    const answer = await answerTo(path, { ...traces, structureId });
    expect(answer.status, path).toBe(404);
    const missing = await answerTo(path, {
      ...traces,
      structureId: nowhere,
      mailboxId: nowhere,
      batchId: nowhere,
    });
    expect(answer, path).toEqual(missing);
  }
  for (
    const path of ["structures", "structures?q=Tilleuls", "mailboxes?q=tilleuls", "people?q=HENRY", "audit"]
  ) {
    const response = await alice.fetch(`/api/v1/${path}`);
    expect([200, 403], path).toContain(response.status);
    expect(await response.text(), path).not.toMatch(foreign);
  }
  await changeNothing(alice, structureId, traces);
}

async function changeNothing(alice: Visitor, structureId: string, traces: Traces): Promise<void> {
  const acts: readonly [string, string, unknown][] = [
    ["PATCH", `structures/${structureId}`, { name: "Pris" }],
    ["POST", `structures/${structureId}/domains`, { name: "pris.mssante.test" }],
    ["PATCH", `mailboxes/${traces.mailboxId}`, { displayName: "Pris" }],
    ["POST", `mailboxes/${traces.mailboxId}/suspension`, { reason: "Pris" }],
    ["POST", `batches/${traces.batchId}/undo`, { reason: "Pris" }],
  ];
  for (const [method, path, body] of acts) {
    const response = await alice.fetch(`/api/v1/${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        "idempotency-key": crypto.randomUUID(),
        ...(method === "PATCH" ? { "if-match": '"1"' } : {}),
      },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    expect(response.status, `${method} ${path}`).toBe(404);
  }
}
