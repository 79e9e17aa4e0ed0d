/** What is asked before a structure is suspended, resumed or closed. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act } from "../act/act.ts";
import { bodyOf, ifMatch } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import { numberOf } from "../ui/bytes.ts";
import type { Structure } from "./use-structure.svelte.ts";

const pathOf = ({ id }: Structure) => ({ structureId: id });

type MakeAct = (admin: Admin, structure: Structure, changed: () => void) => Act;

/** Whom a conflict is told of, and the same act on the structure as it is now. */
const again = (make: MakeAct, admin: Admin, structure: Structure, changed: () => void) => ({
  about: { structureId: structure.id, subjectId: structure.id },
  renew: async () => {
    const params = { path: pathOf(structure) };
    return make(admin, await bodyOf(admin.api.GET("/api/v1/structures/{structureId}", { params })), changed);
  },
});

export function suspension(admin: Admin, structure: Structure, changed: () => void): Act {
  return {
    ...again(suspension, admin, structure, changed),
    title: m.admin_structure_suspend_title({ name: structure.name }),
    label: m.admin_structure_suspend(),
    danger: true,
    reason: "required",
    effects: [
      { text: m.admin_structure_suspend_boxes({ count: structure.usedMailboxes }), tone: "danger" },
      { text: m.admin_structure_suspend_people(), tone: "danger" },
      { text: m.admin_suspend_mail_kept(), tone: "good" },
      { text: m.admin_suspend_back(), tone: "good" },
    ],
    run: async ({ reason, key }) => {
      await admin.api.POST("/api/v1/structures/{structureId}/suspension", {
        params: { path: pathOf(structure), header: { ...ifMatch(structure), "idempotency-key": key } },
        body: { reason },
      });
      changed();
    },
    done: m.admin_structure_suspended({ name: structure.name }),
    undo: async () => {
      await admin.api.DELETE("/api/v1/structures/{structureId}/suspension", {
        params: { path: pathOf(structure) },
      });
      changed();
    },
  };
}

export function resumption(admin: Admin, structure: Structure, changed: () => void): Act {
  return {
    ...again(resumption, admin, structure, changed),
    title: m.admin_structure_resume_title({ name: structure.name }),
    label: m.admin_structure_resume(),
    effects: [
      ...(structure.suspensionReason === null
        ? []
        : [{ text: m.admin_suspended_because({ reason: structure.suspensionReason }) }]),
      { text: m.admin_structure_resume_boxes({ count: structure.usedMailboxes }), tone: "good" },
    ],
    run: async () => {
      await admin.api.DELETE("/api/v1/structures/{structureId}/suspension", {
        params: { path: pathOf(structure), header: ifMatch(structure) },
      });
      changed();
    },
    done: m.admin_structure_resumed({ name: structure.name }),
  };
}

export function closing(admin: Admin, structure: Structure, changed: () => void): Act {
  return {
    ...again(closing, admin, structure, changed),
    title: m.admin_structure_close_title({ name: structure.name }),
    label: m.admin_structure_close(),
    danger: true,
    reason: "required",
    typed: structure.name,
    effects: [
      ...(structure.usedMailboxes > 0
        ? [{
          text: m.admin_structure_close_open_boxes({ count: numberOf(structure.usedMailboxes) }),
          tone: "danger" as const,
        }]
        : []),
      { text: m.admin_structure_close_domains(), tone: "danger" },
      { text: m.admin_structure_close_people(), tone: "danger" },
      { text: m.admin_structure_close_kept() },
      { text: m.admin_irreversible(), tone: "danger" },
    ],
    run: async ({ reason, key }) => {
      await admin.api.POST("/api/v1/structures/{structureId}/closing", {
        params: { path: pathOf(structure), header: { ...ifMatch(structure), "idempotency-key": key } },
        body: { reason, confirmName: structure.name },
      });
      changed();
    },
    done: m.admin_structure_closed({ name: structure.name }),
  };
}
