/** Asks before the mail of a box is put into an archive. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act } from "../act/act.ts";
import { bodyOf } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import type { Mailbox } from "./words.ts";

const archivePath = (exportId: string) => `/api/v1/privacy/exports/${exportId}/archive`;

export function exporting(admin: Admin, mailbox: Mailbox): Act {
  return {
    title: m.admin_mailbox_export_title({ address: mailbox.address }),
    label: m.admin_mailbox_export(),
    reason: "required",
    effects: [
      { text: m.admin_mailbox_export_what() },
      { text: m.admin_mailbox_export_trace(), tone: "danger" },
      { text: m.admin_mailbox_export_time() },
    ],
    run: async ({ reason, key }) => {
      const made = await bodyOf(admin.api.POST("/api/v1/mailboxes/{mailboxId}/exports", {
        params: { path: { mailboxId: mailbox.id }, header: { "idempotency-key": key } },
        body: { reason },
      }));
      admin.works.follow({
        kind: "export",
        id: made.id,
        title: m.admin_mailbox_export_of({ address: mailbox.address }),
        href: archivePath(made.id),
        isDownload: true,
      });
    },
    done: m.admin_mailbox_export_started(),
  };
}
