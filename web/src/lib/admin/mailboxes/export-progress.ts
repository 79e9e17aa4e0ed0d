import { m } from "#lib/i18n/generated/messages.js";
import { type Api, bodyOf } from "../client/client.ts";
import type { Progress } from "../work/progress.ts";

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
