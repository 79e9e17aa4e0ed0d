/** What Ctrl+K finds on the platform: structures, boxes and people, each as a command that goes there. */
import { m } from "#lib/i18n/generated/messages.js";
import { bodyOf } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import { type Command, folded } from "./commands.svelte.ts";

export async function searchEverywhere(
  admin: Admin,
  q: string,
  go: (href: string) => void,
  signal: AbortSignal,
): Promise<readonly Command[]> {
  const answers = await Promise.allSettled([findStructures(admin, q, go, signal)]);
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
}

async function findStructures(
  { api, rights }: Admin,
  q: string,
  go: (href: string) => void,
  signal: AbortSignal,
): Promise<readonly Command[]> {
  const known = rights.isStaff
    ? (await bodyOf(api.GET("/api/v1/structures", { params: { query: { limit: 6 } }, signal }))).items
    : rights.structures.filter(({ name }) => folded(name).includes(folded(q))).slice(0, 6);
  return known.map(({ id, name }) => ({
    id: `structure:${id}`,
    label: name,
    group: m.admin_nav_structures(),
    icon: "structure",
    run: () => go(`/admin/structures/${id}`),
  }));
}
