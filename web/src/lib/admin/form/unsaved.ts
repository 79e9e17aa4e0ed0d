/** Asks before a screen is left on which something was typed and not saved. */
import { beforeNavigate, goto } from "$app/navigation";
import { m } from "#lib/i18n/generated/messages.js";
import type { Admin } from "../shell/admin.svelte.ts";

/** Called while a component is made; a change of the query string alone leaves nothing. */
export function guardUnsaved(admin: Admin, isUnsaved: () => boolean): void {
  let isLeaving = false;
  beforeNavigate((navigation) => {
    const { from, to, willUnload, cancel } = navigation;
    if (isLeaving || admin.isSignedOut || !isUnsaved()) return;
    if (to !== null && to.url.pathname === from?.url.pathname) return;
    cancel(); // Of a tab that is closed, the browser asks in its own words.
    if (willUnload || to === null) return;
    admin.ask({
      title: m.admin_unsaved_title(),
      label: m.admin_unsaved_leave(),
      danger: true,
      effects: [{ text: m.admin_unsaved_lost(), tone: "danger" }, { text: m.admin_unsaved_stay() }],
      run: async () => {
        isLeaving = true;
        await goto(to.url);
      },
    });
  });
}
