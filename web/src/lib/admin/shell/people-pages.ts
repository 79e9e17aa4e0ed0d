/** The screens of people, imports, campaigns, audit and integrations. */
import { m } from "#lib/i18n/generated/messages.js";
import type { AdminPage } from "./pages.ts";

export const peoplePages: readonly AdminPage[] = [
  {
    path: "",
    open: () => import("../dashboard/dashboard-page.svelte"),
    nav: {
      part: "platform",
      label: m.dash_title,
      icon: "dashboard",
      order: 10,
      shown: (rights) => rights.isStaff,
    },
  },
  {
    path: "structures/:structureId/dashboard",
    open: () => import("../dashboard/dashboard-page.svelte"),
    nav: { part: "structure", label: m.dash_title, icon: "dashboard", order: 10 },
  },
];
