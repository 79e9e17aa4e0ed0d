/** What is asked before a box is suspended, resumed, closed or opened again. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act } from "../act/act.ts";
import { bodyOf, ifMatch } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import { dayOf } from "../ui/dates.ts";
import type { Mailbox } from "./words.ts";

type MakeAct = (admin: Admin, mailbox: Mailbox, changed: () => void) => Act;

/** Whom a conflict is told of, and the same act on the box as it is now. */
const again = (make: MakeAct, admin: Admin, { structureId, id }: Mailbox, changed: () => void) => ({
  about: { structureId, subjectId: id },
  renew: async () => {
    const params = { path: { mailboxId: id } };
    return make(admin, await bodyOf(admin.api.GET("/api/v1/mailboxes/{mailboxId}", { params })), changed);
  },
});

export const suspension: MakeAct = (admin, mailbox, changed) => ({
  ...again(suspension, admin, mailbox, changed),
  title: m.admin_mailbox_suspend_title({ address: mailbox.address }),
  label: m.admin_mailbox_suspend(),
  danger: true,
  reason: "required",
  effects: [
    { text: m.admin_mailbox_suspend_access(), tone: "danger" },
    { text: m.admin_mailbox_suspend_delivery(), tone: "danger" },
    { text: m.admin_suspend_mail_kept(), tone: "good" },
    { text: m.admin_suspend_back(), tone: "good" },
  ],
  run: async ({ reason, key }) => {
    await admin.api.POST("/api/v1/mailboxes/{mailboxId}/suspension", {
      params: {
        path: { mailboxId: mailbox.id },
        header: { ...ifMatch(mailbox), "idempotency-key": key },
      },
      body: { reason },
    });
    changed();
  },
  done: m.admin_mailbox_suspended({ address: mailbox.address }),
  undo: async () => {
    await admin.api.DELETE("/api/v1/mailboxes/{mailboxId}/suspension", {
      params: { path: { mailboxId: mailbox.id } },
    });
    changed();
  },
});

export const resumption: MakeAct = (admin, mailbox, changed) => ({
  ...again(resumption, admin, mailbox, changed),
  title: m.admin_mailbox_resume_title({ address: mailbox.address }),
  label: m.admin_mailbox_resume(),
  effects: [
    ...(mailbox.suspensionReason === null
      ? []
      : [{ text: m.admin_suspended_because({ reason: mailbox.suspensionReason }) }]),
    { text: m.admin_mailbox_resume_access(), tone: "good" },
  ],
  run: async () => {
    await admin.api.DELETE("/api/v1/mailboxes/{mailboxId}/suspension", {
      params: { path: { mailboxId: mailbox.id }, header: ifMatch(mailbox) },
    });
    changed();
  },
  done: m.admin_mailbox_resumed({ address: mailbox.address }),
});

export const closing: MakeAct = (admin, mailbox, changed) => ({
  ...again(closing, admin, mailbox, changed),
  title: m.admin_mailbox_close_title({ address: mailbox.address }),
  label: m.admin_mailbox_close(),
  danger: true,
  reason: "required",
  typed: mailbox.address,
  effects: [
    { text: m.admin_mailbox_close_access(), tone: "danger" },
    { text: m.admin_mailbox_close_kept() },
    { text: m.admin_mailbox_close_address(), tone: "danger" },
    { text: m.admin_mailbox_close_reopen(), tone: "good" },
  ],
  run: async ({ reason, key }) => {
    await admin.api.POST("/api/v1/mailboxes/{mailboxId}/closing", {
      params: {
        path: { mailboxId: mailbox.id },
        header: { ...ifMatch(mailbox), "idempotency-key": key },
      },
      body: { reason, confirmAddress: mailbox.address },
    });
    changed();
  },
  done: m.admin_mailbox_closing_begun({ address: mailbox.address }),
  undo: async () => {
    await admin.api.DELETE("/api/v1/mailboxes/{mailboxId}/closing", {
      params: { path: { mailboxId: mailbox.id } },
    });
    changed();
  },
});

export const reopening: MakeAct = (admin, mailbox, changed) => ({
  ...again(reopening, admin, mailbox, changed),
  title: m.admin_mailbox_reopen_title({ address: mailbox.address }),
  label: m.admin_mailbox_reopen(),
  effects: [
    { text: m.admin_mailbox_reopen_until({ date: dayOf(mailbox.purgeAt) }) },
    { text: m.admin_mailbox_resume_access(), tone: "good" },
  ],
  run: async () => {
    await admin.api.DELETE("/api/v1/mailboxes/{mailboxId}/closing", {
      params: { path: { mailboxId: mailbox.id }, header: ifMatch(mailbox) },
    });
    changed();
  },
  done: m.admin_mailbox_reopened({ address: mailbox.address }),
});
