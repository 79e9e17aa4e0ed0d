/** The screens of people, imports, campaigns, audit and integrations. */
import { m } from "#lib/i18n/generated/messages.js";
import { readsCharters, readsErasures, readsPlatformRegister } from "../privacy/rights.ts";
import type { AdminPage } from "./page.ts";

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
    path: "people",
    open: () => import("../people/everybody-page.svelte"),
    isFor: (rights) => rights.isStaff,
    nav: {
      part: "platform",
      label: m.people_title,
      icon: "people",
      order: 40,
    },
  },
  {
    path: "staff",
    open: () => import("../people/staff-page.svelte"),
    isFor: (rights) => rights.isStaff,
    nav: {
      part: "platform",
      label: m.operator_staff_title,
      icon: "lock",
      order: 50,
    },
  },
  {
    path: "staff/accounts",
    open: () => import("../staff/accounts-page.svelte"),
    isFor: (rights) => rights.isStaff,
    nav: {
      part: "platform",
      label: m.staff_accounts_title,
      icon: "key",
      order: 52,
    },
  },
  {
    path: "staff/factors",
    open: () => import("../staff/factors-page.svelte"),
    isFor: (rights) => rights.isStaff,
    nav: {
      part: "platform",
      label: m.staff_factors_title,
      icon: "settings",
      order: 90,
    },
  },
  {
    path: "oauth-clients",
    open: () => import("../oauth/clients-page.svelte"),
    isFor: (rights) => rights.isStaff,
    nav: {
      part: "platform",
      label: m.oauth_title,
      icon: "delegate",
      order: 55,
    },
  },
  {
    path: "oauth-clients/:id",
    open: () => import("../oauth/client-page.svelte"),
    isFor: (rights) => rights.isStaff,
  },
  {
    path: "audit",
    open: () => import("../audit/audit-page.svelte"),
    isFor: (rights) => rights.readsAudit(null),
    nav: {
      part: "platform",
      label: m.audit_title,
      icon: "audit",
      order: 60,
    },
  },
  {
    path: "privacy",
    open: () => import("../privacy/register-page.svelte"),
    isFor: readsPlatformRegister,
    nav: {
      part: "platform",
      label: m.privacy_title,
      icon: "privacy",
      order: 70,
    },
  },
  {
    path: "privacy/charters",
    open: () => import("../privacy/charters-page.svelte"),
    isFor: readsCharters,
    nav: {
      part: "platform",
      label: m.privacy_charters,
      icon: "privacy",
      order: 71,
      // Support sees the charters, and neither the register nor the erasures.
      shown: (rights) => !readsPlatformRegister(rights),
    },
  },
  {
    path: "privacy/charters/new",
    open: () => import("../privacy/new-charter-page.svelte"),
    isFor: (rights) => rights.isOperatorAdministrator,
  },
  {
    path: "privacy/erasures",
    open: () => import("../privacy/erasures-page.svelte"),
    isFor: readsErasures,
  },
  {
    path: "privacy/erasures/new",
    open: () => import("../privacy/new-erasure-page.svelte"),
    isFor: (rights) => rights.isOperatorAdministrator,
  },
  {
    path: "privacy/erasures/:id",
    open: () => import("../privacy/erasure-page.svelte"),
    isFor: readsErasures,
  },
  {
    path: "structures/:structureId/privacy",
    open: () => import("../privacy/register-page.svelte"),
    nav: {
      part: "structure",
      label: m.privacy_register,
      icon: "privacy",
      order: 98,
      // Whoever administers a structure may read it; the operator has it with the charters and the erasures.
      shown: (rights, structureId) =>
        structureId !== null && rights.has("structure_administrator", structureId),
    },
  },
  {
    path: "structures/:structureId/dashboard",
    open: () => import("../dashboard/dashboard-page.svelte"),
    nav: { part: "structure", label: m.dash_title, icon: "dashboard", order: 10 },
  },
  {
    path: "structures/:structureId/people",
    open: () => import("../people/people-page.svelte"),
    nav: { part: "structure", label: m.people_title, icon: "people", order: 50 },
  },
  {
    path: "structures/:structureId/people/:personId",
    open: () => import("../people/person-page.svelte"),
  },
  {
    path: "structures/:structureId/batches",
    open: () => import("../import/batches-page.svelte"),
    nav: { part: "structure", label: m.import_title, icon: "import", order: 60 },
  },
  {
    path: "structures/:structureId/batches/:id",
    open: () => import("../import/batch-page.svelte"),
  },
  {
    path: "structures/:structureId/audit",
    open: () => import("../audit/audit-page.svelte"),
    isFor: (rights, structureId) => rights.readsAudit(structureId),
    nav: {
      part: "structure",
      label: m.audit_title,
      icon: "audit",
      order: 80,
    },
  },
  {
    path: "structures/:structureId/inactivity",
    open: () => import("../inactivity/inactivity-page.svelte"),
    nav: { part: "structure", label: m.inactivity_title, icon: "inactivity", order: 70 },
  },
  {
    path: "structures/:structureId/inactivity/:id",
    open: () => import("../inactivity/campaign-page.svelte"),
  },
  {
    path: "structures/:structureId/webhooks",
    open: () => import("../software/webhooks-page.svelte"),
    isFor: (rights, structureId) => structureId !== null && rights.readsSoftware(structureId),
    nav: {
      part: "structure",
      label: m.webhook_title,
      icon: "webhook",
      order: 95,
    },
  },
  {
    path: "structures/:structureId/app-passwords",
    open: () => import("../software/app-passwords-page.svelte"),
    nav: { part: "structure", label: m.app_password_title, icon: "key", order: 91 },
  },
  {
    path: "structures/:structureId/client-certificates",
    open: () => import("../software/certificates-page.svelte"),
    nav: { part: "structure", label: m.certificate_title, icon: "lock", order: 92 },
  },
  {
    path: "structures/:structureId/service-accounts",
    open: () => import("../software/services-page.svelte"),
    isFor: (rights, structureId) => structureId !== null && rights.readsSoftware(structureId),
    nav: {
      part: "structure",
      label: m.service_title,
      icon: "key",
      order: 90,
    },
  },
];
