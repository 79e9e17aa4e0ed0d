/** Asks before the mail of a box is put into an archive, and follows the making of it. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act } from "../act/act.ts";
import { type Api, bodyOf } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import type { Progress } from "../work/kinds.ts";
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

/** How far the archive is; when it is ready its link gives it. */
export async function readExportProgress(api: Api, exportId: string): Promise<Progress> {
  const { status, doneCount, totalCount } = await bodyOf(
    api.GET("/api/v1/privacy/exports/{exportId}", { params: { path: { exportId } } }),
  );
  const texts = {
    queued: m.admin_export_queued(),
    running: m.admin_export_running({ count: doneCount }),
    ready: m.admin_export_ready(),
    failed: m.admin_export_failed(),
    expired: m.admin_export_expired(),
  };
  return {
    done: status === "ready" ? 1 : doneCount,
    total: status === "ready" ? 1 : totalCount ?? undefined,
    text: texts[status],
    isOver: status === "ready" || status === "failed" || status === "expired",
    hasFailed: status === "failed",
  };
}
