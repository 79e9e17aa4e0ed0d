/** What Ctrl+K finds on the platform: structures, boxes and people, each as a command that goes there. */
import { m } from "#lib/i18n/generated/messages.js";
import { bodyOf, type Schemas } from "../client/client.ts";
import { mailboxPath } from "../mailboxes/words.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import { type Command, folded } from "./commands.svelte.ts";

type Go = (href: string) => void;
const limit = 6;

/** What cannot be read is left out: the rest is still worth showing. */
export async function searchEverywhere(
  admin: Admin,
  q: string,
  go: Go,
  signal: AbortSignal,
): Promise<readonly Command[]> {
  const answers = await Promise.allSettled([
    findMailboxes(admin, q, go, signal),
    findPeople(admin, q, go, signal),
    findStructures(admin, q, go, signal),
  ]);
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
}

async function findStructures(
  { api, rights }: Admin,
  q: string,
  go: Go,
  signal: AbortSignal,
): Promise<readonly Command[]> {
  const known = rights.isStaff
    ? (await bodyOf(api.GET("/api/v1/structures", { params: { query: { limit, q } }, signal }))).items
    : rights.structures.filter(({ name }) => folded(name).includes(folded(q))).slice(0, limit);
  return known.map(({ id, name }) => ({
    id: `structure:${id}`,
    label: name,
    group: m.admin_nav_structures(),
    icon: "structure",
    run: () => go(`/admin/structures/${id}`),
  }));
}

/** In every structure for the operator's staff, else in the one that is chosen. */
async function findMailboxes(
  { api, rights, structure }: Admin,
  q: string,
  go: Go,
  signal: AbortSignal,
): Promise<readonly Command[]> {
  const query = { limit, q };
  let found: readonly Schemas["Mailbox"][] = [];
  if (rights.isStaff) {
    found = (await bodyOf(api.GET("/api/v1/mailboxes", { params: { query }, signal }))).items;
  } else if (structure !== undefined) {
    const path = { structureId: structure.id };
    const call = api.GET("/api/v1/structures/{structureId}/mailboxes", { params: { path, query }, signal });
    found = (await bodyOf(call)).items;
  }
  return found.map((mailbox) => ({
    id: `mailbox:${mailbox.id}`,
    label: mailbox.address,
    group: m.admin_group_mailboxes(),
    icon: "mailbox",
    hint: mailbox.displayName,
    run: () => go(mailboxPath(mailbox)),
  }));
}

async function findPeople(
  { api, structure }: Admin,
  q: string,
  go: Go,
  signal: AbortSignal,
): Promise<readonly Command[]> {
  if (structure === undefined) return [];
  const { items } = await bodyOf(
    api.GET("/api/v1/structures/{structureId}/people", {
      params: { path: { structureId: structure.id }, query: { limit, q } },
      signal,
    }),
  );
  return items.map((person) => ({
    id: `person:${person.id}`,
    label: `${person.givenName} ${person.familyName}`.trim() || (person.idNatPs ?? person.id),
    group: m.admin_group_people(),
    icon: "people",
    hint: person.mailboxes[0]?.address ?? person.rpps ?? "",
    run: () => go(`/admin/structures/${structure.id}/people/${person.id}`),
  }));
}
