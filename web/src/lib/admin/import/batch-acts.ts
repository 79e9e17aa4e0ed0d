/** What can be done with a batch: each says what will happen before it does. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act, Effect } from "../act/act.ts";
import { type Api, bodyOf, ifMatch } from "../client/client.ts";
import { type Batch, listCounts } from "./batch.ts";

/** Runs the lines that are in order; those with an error stay. */
export function runAct(api: Api, batch: Batch, done: (after: Batch) => void): Act {
  const { counts } = batch;
  const effects: Effect[] = listCounts(batch)
    .filter(({ state }) => state !== "error" && state !== "unchanged" && state !== "unchecked")
    .map(({ state, text }) => ({ text, tone: state === "close" ? "danger" : "plain" }));
  if (counts.error > 0) effects.push({ text: m.import_run_skips({ count: counts.error }) });
  if (counts.close > 0) effects.push({ text: m.import_run_close(), tone: "danger" });
  effects.push({ text: m.import_run_undo(), tone: "good" });
  return {
    title: m.import_run_title(),
    label: m.import_run(),
    effects,
    danger: counts.close > 0,
    run: async ({ key }) => {
      done(
        await bodyOf(api.POST("/api/v1/batches/{batchId}/run", {
          params: {
            path: { batchId: batch.id },
            header: { "idempotency-key": key, ...ifMatch(batch) },
          },
          body: { skipErrors: counts.error > 0 },
        })),
      );
    },
    done: m.import_started(),
  };
}

export function undoAct(api: Api, batch: Batch, done: (after: Batch) => void): Act {
  return {
    title: m.import_undo_title(),
    label: m.import_undo_confirm(),
    effects: [
      { text: m.import_undo_text(), tone: "danger" },
      ...(batch.counts.create > 0 ? [{ text: m.import_undo_addresses(), tone: "danger" as const }] : []),
    ],
    danger: true,
    reason: "required",
    run: async ({ key, reason }) => {
      done(
        await bodyOf(api.POST("/api/v1/batches/{batchId}/undo", {
          params: { path: { batchId: batch.id }, header: { "idempotency-key": key, ...ifMatch(batch) } },
          body: { reason },
        })),
      );
    },
    done: m.import_undoing(),
  };
}

export function abandonAct(api: Api, batch: Batch, done: () => Promise<void>): Act {
  return {
    title: m.import_abandon_title(),
    label: m.import_abandon(),
    effects: [{ text: m.import_abandon_text() }],
    run: async () => {
      await api.DELETE("/api/v1/batches/{batchId}", {
        params: { path: { batchId: batch.id }, header: ifMatch(batch) },
      });
      await done();
    },
    done: m.import_abandoned(),
  };
}
