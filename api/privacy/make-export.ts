import { addDays } from "../days.ts";
import { recordAudit } from "../audit/mod.ts";
import { inSystem } from "../database/in-tenant.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { type MailServer, MailServerRefused } from "../mail-server/mod.ts";
import type { Context } from "../context.ts";
import { type Archive, createArchive } from "./archive.ts";
import { openBoxMail } from "./box-mail.ts";
import {
  type BoxToExport,
  expireReady,
  type ExportRow,
  findExport,
  listBoxesToExport,
  markFailed,
  markReady,
  noteProgress,
  readPersonData,
} from "./export-queries.ts";

/** What the job has at hand. */
export interface ExportDeps {
  readonly ctx: Context;
  readonly mailServer: MailServer;
  /** Directory of the archives, private to the platform. */
  readonly directory: string;
  readonly keepDays: number;
}

const progressEvery = 25;

/** Where the archive of an export lies. */
export function archivePath(directory: string, exportId: string): string {
  return `${directory}/${exportId}.zip`;
}

/**
 * Makes the archive of an export and marks it ready. May be killed at any moment and is then begun again from nothing: the
 * file takes its name only when it is whole. A box that is suspended or closing is let in for the time of the export at the
 * mail server alone (its row keeps everybody else out), and shut again whatever happens.
 */
export async function makeExport(deps: ExportDeps, exportId: string): Promise<void> {
  const { ctx, directory } = deps;
  const row = await inSystem(ctx, (tx) => findExport(tx, exportId));
  if (row === undefined || !["queued", "running"].includes(row.status)) return;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const partial = `${archivePath(directory, exportId)}.partial`;
  const boxes = row.has_mail ? await inSystem(ctx, (tx) => listBoxesToExport(tx, row)) : [];
  const file = await Deno.open(partial, { write: true, create: true, truncate: true, mode: 0o600 });
  try {
    const messageCount = await fill(deps, row, boxes, createArchive(file.writable));
    const archive = {
      ...await describe(partial),
      readyAt: ctx.now(),
      expiresAt: addDays(ctx.now(), deps.keepDays),
    };
    await Deno.rename(partial, archivePath(directory, exportId));
    await inSystem(ctx, async (tx) => {
      await markReady(tx, exportId, archive);
      await recordAudit(tx, ctx, {
        action: "export.make",
        subject: { kind: "export", id: exportId },
        structureId: row.structure_id,
        after: {
          kind: row.kind,
          messageCount,
          sizeBytes: archive.sizeBytes,
          expiresAt: archive.expiresAt.toISOString(),
        },
      });
    });
    ctx.log.info("make-export.ready", { exportId, messageCount, sizeBytes: archive.sizeBytes });
  } catch (error) {
    try {
      file.close();
    } catch { /* The archive's stream has closed it. */ }
    await Deno.remove(partial).catch(() => {});
    if (!(error instanceof MailServerRefused)) throw error; // The queue tries again.
    await inSystem(ctx, (tx) => markFailed(tx, exportId, error.reason));
    ctx.log.error("make-export.refused", { exportId, reason: error.reason });
  }
}

async function fill(
  deps: ExportDeps,
  row: ExportRow,
  boxes: readonly BoxToExport[],
  archive: Archive,
): Promise<number> {
  const { ctx } = deps;
  await archive.addText("LISEZMOI.txt", readMe(row));
  if (row.person_id !== null) {
    const personId = row.person_id;
    const data = await inSystem(ctx, (tx) => readPersonData(tx, personId));
    for (const [name, rows] of Object.entries(data)) {
      await archive.addText(`donnees/${name}.json`, JSON.stringify(rows, null, 1));
    }
  }
  let done = 0;
  let total = 0;
  for (const box of boxes) {
    await whileLetIn(deps, box, async () => {
      const mail = await openBoxMail(deps.mailServer, box.address);
      total += mail.total;
      const note = () => inSystem(ctx, (tx) => noteProgress(tx, row.id, done, Math.max(total, done)));
      await note();
      await archive.addMail(`boites/${box.address}`, mail, async () => {
        if (++done % progressEvery === 0) await note();
      });
      await note();
    });
  }
  await archive.close();
  return done;
}

/** Runs `use` while the mail server lets the box in, and has its desired state applied again afterwards. */
async function whileLetIn(deps: ExportDeps, box: BoxToExport, use: () => Promise<void>): Promise<void> {
  if (box.status === "active") return await use();
  const { ctx, mailServer } = deps;
  const observed = await mailServer.readMailbox(box.address);
  // Never provisioned: there is no mail to take.
  if (observed === undefined) return;
  await mailServer.applyMailbox({
    address: box.address,
    displayName: box.address,
    quotaBytes: observed.quotaBytes,
    status: "active",
    sendAs: observed.sendAs,
  });
  try {
    await use();
  } finally {
    const { structureId, mailboxId } = box;
    await inSystem(
      ctx,
      (tx) => enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId)),
    );
  }
}

async function describe(path: string): Promise<{ sizeBytes: number; sha256: Uint8Array }> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  const file = await Deno.open(path, { read: true }); // Its stream closes it.
  let sizeBytes = 0;
  for await (const chunk of file.readable) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: new Uint8Array(hash.digest()) };
}

/** Takes away the files of archives whose time is over. */
export async function expireExports(
  { ctx, directory }: Pick<ExportDeps, "ctx" | "directory">,
): Promise<void> {
  for (const id of await inSystem(ctx, (tx) => expireReady(tx, ctx.now()))) {
    await Deno.remove(archivePath(directory, id)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

function readMe(row: ExportRow): string {
  const subject = row.kind === "person"
    ? "toutes les données que la plateforme conserve sur vous (RGPD, articles 15 et 20)"
    : "le courrier d'une boîte aux lettres MSSanté";
  return `Cette archive contient ${subject}, au ${row.created_at.toISOString()}.

donnees/   ce que disent nos tables, un fichier JSON par catégorie du registre des traitements
boites/    le courrier, un fichier .eml (RFC 5322) par message, rangé par dossier ; messages.json en donne la liste

Elle contient des données de santé : conservez-la chiffrée et supprimez-la dès qu'elle ne sert plus.
`;
}
