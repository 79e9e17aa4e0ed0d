import { expect, test } from "vitest";
import { look } from "../screens.ts";
import { openConsole, useConsole } from "./console.ts";
import { ago, id } from "./samples.ts";
import { pageOf, problemOf, type Schemas, sessionOf, structure } from "./scripted-api.ts";

useConsole();

const address = "camille.martin@ch-saint-germain.mssante.fr";
const opening: Schemas["MailboxOpening"] = {
  at: ago(90),
  actorKind: "person",
  actorId: id(2, 3),
  actorLabel: "Jean-Christophe DURAND",
  relation: "delegate",
};
const session = {
  ...sessionOf([]),
  mailboxes: [{
    id: id(1, 1),
    address,
    displayName: "",
    type: "PER",
    structureName: structure.name,
    accountId: null,
  }],
};

test("the holder sees in the settings who opened the box, and keeps one that nobody opened for long", async () => {
  const notice = { mailboxId: id(1, 1), address, state: "noticed", objectUntil: ago(-60 * 24 * 20) };
  const { page, api } = await openConsole("/settings", {
    "GET /api/v1/session": session,
    "GET /api/v1/inactivity-notices": { items: [notice] },
    [`POST /api/v1/mailboxes/${id(1, 1)}/inactivity-objection`]: { ...notice, state: "objected" },
    [`GET /api/v1/mailboxes/${id(1, 1)}/openings`]: () => problemOf("internal-error", 500),
  });
  await page.getByText("Qui a ouvert cette boîte ?").click();
  await page.getByText("Les ouvertures n'ont pas pu être lues.").waitFor();
  api.answers[`GET /api/v1/mailboxes/${id(1, 1)}/openings`] = pageOf(opening);
  await page.getByRole("listitem").getByRole("button", { name: "Réessayer" }).click();
  await page.getByText("Jean-Christophe DURAND").waitFor();
  await look(page, "settings-openings");
  await page.getByRole("button", { name: "Je garde ma boîte" }).click();
  await page.getByText("Votre boîte est conservée.").waitFor();
  expect(api.sent.get(`POST /api/v1/mailboxes/${id(1, 1)}/inactivity-objection`)).toEqual({ keep: true });
});
