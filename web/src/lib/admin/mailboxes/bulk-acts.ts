/**
 * The same act on many boxes: a batch of the platform, whose dry run is what the person is shown, and which goes on when
 * the page is left.
 */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act, Effect } from "../act/act.ts";
import { bodyOf, ifMatch, type Schemas } from "../client/client.ts";
import { listCounts } from "../import/batch.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import { numberOf } from "../ui/bytes.ts";
import type { Chosen } from "../table/table.ts";
import { mailboxFilterParameters } from "./columns.ts";
import type { Mailbox } from "./words.ts";

type Batch = Schemas["Batch"];
type Action = Schemas["NewSelectionBatch"]["action"];

interface Words {
  readonly title: (count: number) => string;
  readonly titleOfAll: string;
  readonly label: string;
  readonly about: readonly Effect[];
}

function wordsOf(action: Exclude<Action, "change">): Words {
  const kept = { text: m.admin_suspend_mail_kept(), tone: "good" } as const;
  const words: Record<typeof action, Words> = {
    suspend: {
      title: (count) => m.admin_bulk_suspend_title({ count }),
      titleOfAll: m.admin_bulk_suspend_all_title(),
      label: m.admin_mailbox_suspend(),
      about: [{ text: m.admin_bulk_suspend_access(), tone: "danger" }, kept],
    },
    resume: {
      title: (count) => m.admin_bulk_resume_title({ count }),
      titleOfAll: m.admin_bulk_resume_all_title(),
      label: m.admin_mailbox_resume(),
      about: [{ text: m.admin_bulk_resume_access(), tone: "good" }],
    },
    close: {
      title: (count) => m.admin_bulk_close_title({ count }),
      titleOfAll: m.admin_bulk_close_all_title(),
      label: m.admin_mailbox_close(),
      about: [{ text: m.admin_bulk_close_access(), tone: "danger" }, {
        text: m.admin_bulk_close_kept(),
      }],
    },
  };
  return words[action];
}

export function bulkAct(
  admin: Admin,
  structureId: string,
  action: Exclude<Action, "change">,
  chosen: Chosen<Mailbox>,
  done: () => void,
): Act {
  const { title: titleOf, titleOfAll, label, about } = wordsOf(action);
  const title = "rows" in chosen ? titleOf(chosen.rows.length) : titleOfAll;
  const href = (batch: Batch) => `/admin/structures/${structureId}/batches/${batch.id}`;
  let batch: Batch | undefined;
  const abandon = async () => {
    if (batch === undefined) return;
    const path = { batchId: batch.id };
    await admin.api.DELETE("/api/v1/batches/{batchId}", { params: { path, header: ifMatch(batch) } });
  };
  const prepare = async (reason: string) => {
    const created = await bodyOf(admin.api.POST("/api/v1/structures/{structureId}/batches", {
      params: { path: { structureId }, header: { "idempotency-key": crypto.randomUUID() } },
      body: { action, ...selectionOf(chosen), reason, fields: {} },
    }));
    return await whenChecked(admin, created);
  };
  return {
    title,
    label,
    danger: action !== "resume",
    ...(action === "resume" ? {} : { reason: "optional" as const }),
    ...(action === "close" ? { typed: wordToType(admin, chosen) } : {}),
    effects: async () => {
      batch = await prepare("");
      const { counts } = batch;
      return [
        ...listCounts(batch).map(({ state, text }): Effect => ({
          text,
          tone: state === "error" ? "danger" : "plain",
        })),
        ...(counts.error > 0 ? [{ text: m.admin_bulk_errors({ count: counts.error }) }] : []),
        ...about,
        { text: m.admin_bulk_undo(), tone: "good" },
      ];
    },
    cancel: () => void abandon().catch(() => undefined), // It ends by itself if this does not reach the platform.
    run: async ({ reason, key }) => {
      if (batch === undefined) return;
      if (reason !== batch.reason) {
        // What was shown was prepared before the reason was known.
        await abandon();
        batch = await prepare(reason);
      }
      const run = await bodyOf(admin.api.POST("/api/v1/batches/{batchId}/run", {
        params: { path: { batchId: batch.id }, header: { ...ifMatch(batch), "idempotency-key": key } },
        body: { skipErrors: batch.counts.error > 0 },
      }));
      admin.works.follow({ kind: "batch", id: run.id, title, href: href(run) });
      done();
    },
    done: m.admin_bulk_started(),
  };
}

/** The boxes as the API is told of them. */
function selectionOf(chosen: Chosen<Mailbox>): Pick<Schemas["NewSelectionBatch"], "mailboxIds" | "filter"> {
  if ("rows" in chosen) return { mailboxIds: chosen.rows.map(({ id }) => id) };
  const { q, filters } = chosen.query;
  return { filter: { ...(q.trim() === "" ? {} : { q: q.trim() }), ...mailboxFilterParameters(filters) } };
}

/** How many boxes there are; whose they are, where nobody has counted them yet. */
function wordToType(admin: Admin, chosen: Chosen<Mailbox>): string {
  return "rows" in chosen ? numberOf(chosen.rows.length) : admin.structure?.name ?? m.admin_mailbox_close();
}

/** Asks until the dry run has looked at every line. */
async function whenChecked(admin: Admin, created: Batch): Promise<Batch> {
  let batch = created;
  while (batch.state === "checking") {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const path = { batchId: created.id };
    batch = await bodyOf(admin.api.GET("/api/v1/batches/{batchId}", { params: { path } }));
  }
  return batch;
}
