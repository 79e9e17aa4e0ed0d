/** What the jobs receive from `worker.ts`. */
import type { Config } from "../config.ts";
import type { Context } from "../context.ts";
import type { MailServer } from "../mail-server/mod.ts";

export interface WorkerDeps {
  /** Context of a job: the system acts, under the job's name. */
  readonly contextOf: (job: string) => Context;
  readonly mailServer: MailServer;
  /** How long the mail of a box that is being closed is kept. */
  readonly closedMailRetentionDays: number;
  readonly privacy: Config["privacy"];
  /** How long what a program was given is kept after its end. */
  readonly grantsKeptDays: number;
  readonly inactivity: Config["inactivity"];
  readonly clientAccess: Config["clientAccess"];
  /** From whom notices come. */
  readonly noticeFrom: string;
  readonly webhooks: Config["webhooks"];
  /** Where the operator's people on call are told; null = nowhere. */
  readonly alerts: Config["alerts"];
  /** Where the ends of the audit chains are noted; null = nowhere. */
  readonly auditAnchorDirectory: string | null;
  /** Fetches and imports the white list; true when trying again soon may help (api/trust-space). */
  readonly refreshWhiteList: (ctx: Context) => Promise<boolean>;
  /** Tells the gateways that the state of a box has changed: they end its open streams when it may not be open any more. */
  readonly announceMailbox: (mailboxId: string) => Promise<void>;
}
