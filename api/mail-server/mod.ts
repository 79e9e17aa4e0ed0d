/**
 * The mail server of the platform. `port.ts` says what is asked of it, `stalwart/` and `cyrus/` are the two
 * drivers, `differences.ts` what the second cannot do. Which one is in use is settled here, once, from the
 * configuration; nobody else imports a driver.
 */
import { createCyrus } from "./cyrus/mod.ts";
import type { MailServer, MailServerConfig } from "./port.ts";
import { createStalwart } from "./stalwart/mod.ts";

export type {
  CyrusConfig,
  DesiredMailbox,
  MailboxStatus,
  MailServer,
  MailServerConfig,
  MailServerKind,
  ObservedMailbox,
  StalwartConfig,
  SubmissionTrace,
} from "./port.ts";
export { hasNotice, type Notice, putNotice } from "./put-notice.ts";
export { MailServerRefused, MailServerUnavailable } from "./port.ts";
export type { Difference, DifferenceId } from "./differences.ts";
export { differenceLines, needsStalwart } from "./differences.ts";
export {
  acceptSubmission,
  alreadyAccepted,
  deferForRoom,
  deferSubmission,
  type HookAnswer,
  InvalidHook,
  meaningOfRefusal,
  readRecipientHook,
  readSubmissionHook,
  refuseSubmission,
  type SubmissionHook,
} from "./stalwart/mod.ts";

/** The driver for the configured server. Opens no connection. */
export function createMailServer(config: MailServerConfig): MailServer {
  switch (config.kind) {
    case "stalwart":
      return createStalwart(config);
    case "cyrus":
      return createCyrus(config);
  }
}
