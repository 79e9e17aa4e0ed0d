/** Settings of the calls that tell other software what happens (api/webhooks). */
import { z } from "zod";

export interface WebhookSettings {
  /** For development and tests: http and addresses of private networks are allowed. */
  readonly isPrivateAllowed: boolean;
  readonly timeoutSeconds: number;
  /** A webhook whose every call has failed for as long is disabled. */
  readonly disableAfterDays: number;
  /** How long a secret that is replaced goes on signing beside the new one, unless the request says otherwise. */
  readonly secretOverlapHours: number;
}

export const webhookVariables = {
  MSS_WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(60).default(5).describe(
    "Longest wait for a webhook's receiver",
  ),
  MSS_WEBHOOK_DISABLE_AFTER_DAYS: z.coerce.number().int().min(1).max(365).default(5).describe(
    "A webhook whose every call has failed for as long is disabled (no rule says: our choice)",
  ),
  MSS_WEBHOOK_SECRET_OVERLAP_HOURS: z.coerce.number().int().min(0).max(720).default(24).describe(
    "How long a replaced webhook secret goes on signing beside the new one (no rule says: our choice)",
  ),
  MSS_WEBHOOK_PRIVATE_ADDRESSES: z.enum(["refused", "allowed"]).default("refused").describe(
    "Whether a webhook may lead to private addresses and plain http: for development only",
  ),
};

const shape = z.object(webhookVariables);

export function webhookConfig(values: z.infer<typeof shape>): WebhookSettings {
  return {
    isPrivateAllowed: values.MSS_WEBHOOK_PRIVATE_ADDRESSES === "allowed",
    timeoutSeconds: values.MSS_WEBHOOK_TIMEOUT_SECONDS,
    disableAfterDays: values.MSS_WEBHOOK_DISABLE_AFTER_DAYS,
    secretOverlapHours: values.MSS_WEBHOOK_SECRET_OVERLAP_HOURS,
  };
}
