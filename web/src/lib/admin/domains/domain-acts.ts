/** What is asked before a domain is suspended, resumed or closed. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act } from "../act/act.ts";
import { bodyOf, ifMatch, type Schemas } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";

type Domain = Schemas["Domain"];
const pathOf = ({ structureId, id }: Domain) => ({ structureId, domainId: id });

type MakeAct = (admin: Admin, domain: Domain, changed: () => void) => Act;

/** Whom a conflict is told of, and the same act on the domain as it is now. */
const again = (make: MakeAct, admin: Admin, domain: Domain, changed: () => void) => ({
  about: { structureId: domain.structureId, subjectId: domain.id },
  renew: async () => {
    const params = { path: pathOf(domain) };
    const call = admin.api.GET("/api/v1/structures/{structureId}/domains/{domainId}", { params });
    return make(admin, await bodyOf(call), changed);
  },
});

export function suspension(admin: Admin, domain: Domain, changed: () => void): Act {
  return {
    ...again(suspension, admin, domain, changed),
    title: m.admin_domain_suspend_title({ name: domain.name }),
    label: m.admin_domain_suspend(),
    danger: true,
    reason: "required",
    effects: [
      { text: m.admin_domain_suspend_boxes(), tone: "danger" },
      { text: m.admin_suspend_mail_kept(), tone: "good" },
      { text: m.admin_suspend_back(), tone: "good" },
    ],
    run: async ({ reason, key }) => {
      await admin.api.POST("/api/v1/structures/{structureId}/domains/{domainId}/suspension", {
        params: { path: pathOf(domain), header: { ...ifMatch(domain), "idempotency-key": key } },
        body: { reason },
      });
      changed();
    },
    done: m.admin_domain_suspended({ name: domain.name }),
    undo: async () => {
      await admin.api.DELETE("/api/v1/structures/{structureId}/domains/{domainId}/suspension", {
        params: { path: pathOf(domain) },
      });
      changed();
    },
  };
}

export function resumption(admin: Admin, domain: Domain, changed: () => void): Act {
  return {
    ...again(resumption, admin, domain, changed),
    title: m.admin_domain_resume_title({ name: domain.name }),
    label: m.admin_domain_resume(),
    effects: [{ text: m.admin_domain_resume_boxes(), tone: "good" }],
    run: async () => {
      await admin.api.DELETE("/api/v1/structures/{structureId}/domains/{domainId}/suspension", {
        params: { path: pathOf(domain), header: ifMatch(domain) },
      });
      changed();
    },
    done: m.admin_domain_resumed({ name: domain.name }),
  };
}

export function closing(admin: Admin, domain: Domain, changed: () => void): Act {
  return {
    ...again(closing, admin, domain, changed),
    title: m.admin_domain_close_title({ name: domain.name }),
    label: m.admin_domain_close(),
    danger: true,
    reason: "required",
    typed: domain.name,
    effects: [
      { text: m.admin_domain_close_boxes() },
      { text: m.admin_domain_close_mail(), tone: "danger" },
      { text: m.admin_irreversible(), tone: "danger" },
    ],
    run: async ({ reason, key }) => {
      await admin.api.POST("/api/v1/structures/{structureId}/domains/{domainId}/closing", {
        params: { path: pathOf(domain), header: { ...ifMatch(domain), "idempotency-key": key } },
        body: { reason, confirmName: domain.name },
      });
      changed();
    },
    done: m.admin_domain_closed({ name: domain.name }),
  };
}
