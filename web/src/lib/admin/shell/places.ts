/** The places and general acts that Ctrl+K and the navigation know on every screen. */
import { goto } from "$app/navigation";
import { m } from "#lib/i18n/generated/messages.js";
import { chooseLocale, getLocale } from "#lib/i18n/locale.ts";
import { applyTheme } from "#lib/ui/theme.ts";
import type { Command } from "../palette/commands.svelte.ts";
import type { Admin } from "./admin.svelte.ts";
import { type AdminPage, pathOf } from "./page.ts";
import { pages } from "./pages.ts";

/** The screens of a part of the navigation that this person is shown, in order. */
export function navigationOf(admin: Admin, part: "platform" | "structure"): readonly AdminPage[] {
  const structureId = part === "structure" ? admin.structure?.id ?? null : null;
  return pages
    .filter(({ isFor, nav }) =>
      nav?.part === part && isFor?.(admin.rights, structureId) !== false &&
      nav.shown?.(admin.rights, structureId) !== false
    )
    .sort((one, other) => (one.nav?.order ?? 0) - (other.nav?.order ?? 0));
}

export function placesToGo(admin: Admin, leave: () => void): readonly Command[] {
  const go = (part: "platform" | "structure", group: string): Command[] =>
    navigationOf(admin, part).map((page) => ({
      id: `go:${part}:${page.path}`,
      label: page.nav?.label() ?? "",
      group,
      icon: page.nav?.icon ?? "next",
      run: () => void goto(pathOf(page, admin.structure?.id)),
    }));
  const { structure } = admin;
  return [
    ...(structure === undefined ? [] : go("structure", structure.name)),
    ...go("platform", m.admin_group_go()),
    {
      id: "mail",
      label: m.settings_back(),
      group: m.admin_group_go(),
      icon: "mailbox",
      run: () => void goto("/mail"),
    },
    {
      id: "theme:dark",
      label: m.admin_command_theme({ theme: m.theme_dark() }),
      group: m.admin_group_console(),
      icon: "settings",
      run: () => applyTheme("dark"),
    },
    {
      id: "theme:light",
      label: m.admin_command_theme({ theme: m.theme_light() }),
      group: m.admin_group_console(),
      icon: "settings",
      run: () => applyTheme("light"),
    },
    {
      id: "theme:system",
      label: m.admin_command_theme({ theme: m.theme_system() }),
      group: m.admin_group_console(),
      icon: "settings",
      run: () => applyTheme("system"),
    },
    {
      id: "language",
      label: getLocale() === "fr" ? "English" : "Français",
      group: m.admin_group_console(),
      words: "langue language",
      icon: "domain",
      run: () => chooseLocale(getLocale() === "fr" ? "en" : "fr"),
    },
    { id: "sign-out", label: m.sign_out(), group: m.admin_group_console(), icon: "lock", run: leave },
  ];
}
