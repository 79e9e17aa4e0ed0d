/**
 * Ends the connections of those whose right has ended. The proxy is a raw pipe that lasts for hours, so every second all that is
 * connected is asked for in one statement: the same question as at the sign-in. Nothing has to be told to
 * anybody when a right ends, whichever way it does.
 */
import type { HasDatabase } from "../database/in-tenant.ts";
import { inSystem } from "../database/in-tenant.ts";
import type { Log } from "../context.ts";
import type { Connections } from "./connections.ts";
import type { Doveadm } from "./doveadm.ts";
import { nameOf, parseProof } from "./proof.ts";
import { listStandings } from "./queries.ts";
import { refusalOf } from "./standing.ts";

export interface WatchDeps extends HasDatabase {
  readonly now: () => Date;
  readonly log: Log;
  readonly doveadm: Doveadm;
  /** Told what each look finds. */
  readonly connections?: Connections;
  /** Time between two looks. */
  readonly everyMilliseconds?: number;
}

/** Watches until `closing` is aborted. What cannot be asked is asked again: a doubt closes nobody's session. */
export async function watchSessions(deps: WatchDeps, closing: AbortSignal): Promise<void> {
  const { log, everyMilliseconds = 1_000 } = deps;
  let isAway = false;
  while (!closing.aborted) {
    try {
      await endSessionsWithoutRight(deps);
      if (isAway) log.info("edge.watch-back");
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn("edge.watch-away", { error: error instanceof Error ? error.message : "unknown" });
      isAway = true;
    }
    await pause(everyMilliseconds, closing);
  }
}

/** One look. */
export async function endSessionsWithoutRight(deps: WatchDeps): Promise<void> {
  const { doveadm, now, log } = deps;
  const began = now();
  const sessions = await doveadm.list();
  const proofs = new Map(sessions.map(({ proof }) => [proof, parseProof(proof)]));
  const known = [...proofs.values()].filter((proof) => proof !== undefined);
  deps.connections?.saw(sessions.flatMap(({ proof }) => proofs.get(proof) ?? []), began);
  const standings = known.length === 0 ? [] : await inSystem(deps, (tx) => listStandings(tx, known, now()));
  const reasons = new Map(
    standings.map((row, place) => [
      nameOf(known[place]!),
      { reason: refusalOf(row, "imap", now()), address: row.address },
    ]),
  );
  const ended = new Map<string, string>();
  for (const { proof, box } of sessions) {
    const found = reasons.get(proof);
    // A session without a proof of ours was let in by nobody.
    const reason = found === undefined ? "proof-malformed" : found.reason;
    if (reason !== undefined) ended.set(proof, reason);
    else if (found?.address !== box.toLowerCase()) ended.set(proof, "sender-other-box");
  }
  if (ended.size === 0) return;
  await doveadm.kick([...ended.keys()]);
  for (const [proof, reason] of ended) log.info("edge.session-ended", { proof, reason });
}

async function pause(milliseconds: number, closing: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      closing.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    closing.addEventListener("abort", done);
  });
}
