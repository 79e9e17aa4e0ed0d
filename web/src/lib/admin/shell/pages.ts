/**
 * The screens of the console, by path below /admin. They are not Kit's own routes: each of those weighs on the script that
 * reads the first mail (its name stands in the router's table), and there are some thirty of them. A screen is loaded
 * when it is opened.
 */
import { m } from "#lib/i18n/generated/messages.js";
import type { AdminPage, PageParams } from "./page.ts";
import { peoplePages } from "./people-pages.ts";

const ownPages: readonly AdminPage[] = [
  {
    path: "structures",
    open: () => import("../structures/structures-page.svelte"),
    nav: {
      part: "platform",
      label: m.admin_nav_structures,
      icon: "structure",
      order: 20,
      // The API lists to the others those that they administer; the switcher is shorter.
      shown: (rights) => rights.isStaff,
    },
  },
  { path: "structures/new", open: () => import("../structures/new-structure-page.svelte") },
  {
    path: "mailboxes",
    open: () => import("../mailboxes/all-mailboxes-page.svelte"),
    isFor: (rights) => rights.isStaff,
    nav: {
      part: "platform",
      label: m.admin_nav_all_mailboxes,
      icon: "mailbox",
      order: 30,
    },
  },
  {
    path: "structures/:structureId",
    open: () => import("../structures/structure-page.svelte"),
    nav: { part: "structure", label: m.admin_nav_overview, icon: "structure", order: 20 },
  },
  {
    path: "structures/:structureId/mailboxes",
    open: () => import("../mailboxes/mailboxes-page.svelte"),
    nav: { part: "structure", label: m.admin_nav_mailboxes, icon: "mailbox", order: 30 },
  },
  {
    path: "structures/:structureId/mailboxes/new",
    open: () => import("../mailboxes/new-mailbox-page.svelte"),
  },
  {
    path: "structures/:structureId/mailboxes/:mailboxId",
    open: () => import("../mailboxes/mailbox-page.svelte"),
  },
  {
    path: "structures/:structureId/domains",
    open: () => import("../domains/domains-page.svelte"),
    nav: { part: "structure", label: m.admin_nav_domains, icon: "domain", order: 40 },
  },
  {
    path: "structures/:structureId/domains/:domainId",
    open: () => import("../domains/domain-page.svelte"),
  },
  {
    path: "structures/:structureId/settings",
    open: () => import("../structures/settings-page.svelte"),
    isFor: (rights, structureId) =>
      structureId !== null && (rights.isStaff || rights.writesStructure(structureId)),
    nav: {
      part: "structure",
      label: m.admin_nav_settings,
      icon: "settings",
      order: 100,
    },
  },
];

export const pages: readonly AdminPage[] = [...ownPages, ...peoplePages];

export interface FoundPage {
  readonly page: AdminPage;
  readonly params: PageParams;
}

/** The screen at a place below /admin; a fixed part goes before a variable one. */
export function findPage(place: string, among: readonly AdminPage[] = pages): FoundPage | undefined {
  const parts = place.split("/").filter((part) => part !== "");
  const found = among.flatMap((page) => {
    const params = paramsOf(page.path, parts);
    return params === undefined ? [] : [{ page, params, variable: Object.keys(params).length }];
  });
  const best = found.sort((one, other) => one.variable - other.variable)[0];
  if (best === undefined) return undefined;
  const none = { structureId: "", mailboxId: "", domainId: "", personId: "", id: "" };
  return { page: best.page, params: { ...none, ...best.params } };
}

function paramsOf(path: string, parts: readonly string[]): Record<string, string> | undefined {
  const pattern = path === "" ? [] : path.split("/");
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = parts[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = given;
    else if (part !== given) return undefined;
  }
  return params;
}
