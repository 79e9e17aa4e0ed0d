/** When failed sign-ins are called an attack, and who is told (api/guard). No rule says: numbers of our own. */
import { z } from "zod";
import { count, http, seconds } from "./config-shapes.ts";

/** What is called an attack. Nobody is refused for one: somebody is told. */
export interface AttackSettings {
  readonly sprayingSeconds: number;
  /**
   * Nor is it spraying while those who fail are fewer than this part of the accounts that have signed in from the address in the last
   * weeks: a thousand people behind one address mistype more often than ten. The same of all addresses together.
   */
  readonly sprayedPercent: number;
  readonly guessingSeconds: number;
  /** Without a failure for as long an attack is over; the next failure begins another. */
  readonly quietSeconds: number;
}

/** What the operator may set. */
export interface GuardConfig extends AttackSettings {
  readonly sprayedAccounts: number;
  readonly sprayedStaffAccounts: number;
  readonly guessingAddresses: number;
}

export const defaultGuardConfig: GuardConfig = {
  sprayedAccounts: 20,
  // A handful of people, each of whom knows his own name.
  sprayedStaffAccounts: 5,
  sprayedPercent: 10,
  sprayingSeconds: 600,
  guessingAddresses: 20,
  guessingSeconds: 3_600,
  quietSeconds: 900,
};

/** Where the operator's people on call are told, out of the platform. */
export interface AlertReceiver {
  readonly url: string;
  /** `whsec_…`, as of every webhook (docs/webhooks.md). */
  readonly secret: string;
}

const d = defaultGuardConfig;

export const guardVariables = {
  MSS_GUARD_SPRAYED_ACCOUNTS: count.min(2).default(d.sprayedAccounts).describe(
    "Different accounts that fail from one address and do not get in afterwards, from which it is an attack (from all together: five times)",
  ),
  MSS_GUARD_SPRAYED_PERCENT: z.coerce.number().int().min(0).max(100).default(d.sprayedPercent).describe(
    "Nor below this part of the accounts that signed in from that address in the last one to two weeks",
  ),
  MSS_GUARD_SPRAYED_STAFF_ACCOUNTS: count.min(2).default(d.sprayedStaffAccounts).describe(
    "The number of accounts for the operator's staff, who are few",
  ),
  MSS_GUARD_SPRAYING_SECONDS: seconds.default(d.sprayingSeconds).describe("Time in which these are counted"),
  MSS_GUARD_GUESSING_ADDRESSES: count.min(2).default(d.guessingAddresses).describe(
    "Different addresses from which one account fails, from which it is an attack",
  ),
  MSS_GUARD_GUESSING_SECONDS: seconds.default(d.guessingSeconds).describe("Time in which these are counted"),
  MSS_GUARD_QUIET_SECONDS: seconds.default(d.quietSeconds).describe(
    "An attack is over when nothing has failed for as long",
  ),
  MSS_ALERT_WEBHOOK_URL: http.optional().describe(
    "Where the operator's people on call are told of an attack (signed call, docs/alertes.md); without it nowhere",
  ),
  MSS_ALERT_WEBHOOK_SECRET_FILE: z.string().optional().describe(
    "File of the secret by which those calls are signed, `whsec_` and base64",
  ),
};

const shape = z.object(guardVariables);

/** @param faults receives what is missing beside what is there */
export function guardConfig(
  values: z.infer<typeof shape>,
  read: (name: string) => string,
  faults: string[],
): { readonly guard: GuardConfig; readonly alerts: AlertReceiver | null } {
  return {
    guard: {
      sprayedAccounts: values.MSS_GUARD_SPRAYED_ACCOUNTS,
      sprayedPercent: values.MSS_GUARD_SPRAYED_PERCENT,
      sprayedStaffAccounts: values.MSS_GUARD_SPRAYED_STAFF_ACCOUNTS,
      sprayingSeconds: values.MSS_GUARD_SPRAYING_SECONDS,
      guessingAddresses: values.MSS_GUARD_GUESSING_ADDRESSES,
      guessingSeconds: values.MSS_GUARD_GUESSING_SECONDS,
      quietSeconds: values.MSS_GUARD_QUIET_SECONDS,
    },
    alerts: alertReceiver(values, read, faults),
  };
}

function alertReceiver(
  { MSS_ALERT_WEBHOOK_URL: url, MSS_ALERT_WEBHOOK_SECRET_FILE: file }: z.infer<typeof shape>,
  read: (name: string) => string,
  faults: string[],
): AlertReceiver | null {
  if (url === undefined) return null;
  const name = "MSS_ALERT_WEBHOOK_SECRET_FILE";
  const secret = file === undefined ? "" : read(name);
  if (file === undefined) faults.push(`${name}: missing or not of the right kind`);
  // Standard Webhooks: 24 to 64 bytes.
  else if (secret !== "" && !/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret)) {
    faults.push(`${name}: must be whsec_ and base64 of at least 24 bytes`);
  }
  return { url, secret };
}
