import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inOperator, inPerson } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import {
  type CharterRow,
  findAcceptance,
  findCharter,
  findCharterInForce,
  insertAcceptance,
  insertCharter,
  noteStructuresAccepted,
} from "./queries.ts";

export interface NewCharter {
  readonly version: string;
  readonly title: string;
  readonly text: string;
}

/**
 * Publishes a version of the charter; it is in force from now on and everybody is asked again. What is published does not
 * change any more. Throws `charter-version-taken`.
 */
export async function publishCharter(ctx: Context, input: NewCharter): Promise<CharterRow> {
  authorise(ctx, "charter.publish");
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(input.text)));
  return await inOperator(ctx, async (tx) => {
    const charter = await onUnique(
      "charters__version_label",
      () => problem("charter-version-taken", { version: input.version }),
      () => insertCharter(tx, { ...input, sha256, publishedAt: ctx.now() }),
    );
    await recordAudit(tx, ctx, {
      action: "charter.publish",
      subject: { kind: "charter", id: charter.id },
      after: { charterVersion: charter.version_label, sha256: charter.sha256.toHex() },
    });
    return charter;
  });
}

/**
 * Notes that the person accepts the charter in force, with what proves it: the text's hash, the time, the level of his
 * sign-in. A second acceptance changes nothing. Throws `charter-not-found`, `charter-outdated`.
 */
export async function acceptCharter(
  ctx: Context,
  actor: PersonActor,
  charterId: string,
): Promise<CharterRow> {
  authorise(ctx, "charter.accept");
  const charter = await inPerson(ctx, actor.personId, async (tx) => {
    const asked = await findCharter(tx, charterId);
    if (asked === undefined) throw problem("charter-not-found");
    const inForce = await findCharterInForce(tx);
    if (inForce?.id !== asked.id) throw problem("charter-outdated");
    return asked;
  });
  // The trail of a person's own acts is written by the platform (scope `person` may not write it).
  await inOperator(ctx, async (tx) => {
    if (await findAcceptance(tx, actor.personId, charterId)) return;
    await insertAcceptance(tx, actor, charter, ctx.now());
    const administered = actor.memberships.filter(({ role }) => role === "structure_administrator");
    await noteStructuresAccepted(tx, administered.map(({ structureId }) => structureId), ctx.now());
    await recordAudit(tx, ctx, {
      action: "charter.accept",
      subject: { kind: "charter", id: charter.id },
      after: { charterVersion: charter.version_label },
    });
  });
  return charter;
}
