/** Settings of the authorisation server (api/oauth). */
import { z } from "zod";
import { count, origin, seconds } from "./config-shapes.ts";

/** How long what the authorisation server gives is good. */
export interface OauthSettings {
  /** CI-SIS: one hour (mssante.md 6.4). */
  readonly accessSeconds: number;
  /** Without a use for as long, a refresh token is over: as a session without activity. */
  readonly refreshSeconds: number;
  /** No token of a family outlives it: as a session. */
  readonly grantSeconds: number;
  /** How long a family that has ended is kept, for who asks why. */
  readonly keptDays: number;
  /** What the proxy in front presents with a client certificate that it has verified; null = none stands there. */
  readonly frontKey: string | null;
  /** Public origin of that proxy. */
  readonly frontUrl: string | null;
}

export const oauthVariables = {
  MSS_OAUTH_ACCESS_SECONDS: seconds.default(3600).describe(
    "An access token for JMAP is good for (CI-SIS: one hour)",
  ),
  MSS_OAUTH_REFRESH_SECONDS: seconds.default(1800).describe(
    "A program's refresh token without a use is over after (as a session without activity)",
  ),
  MSS_OAUTH_GRANT_SECONDS: seconds.default(14_400).describe(
    "No token of a program outlives so long (as a session)",
  ),
  MSS_OAUTH_KEPT_DAYS: count.default(7).describe(
    "What a program was given is kept after its end for, in days: for who asks why it ended",
  ),
  MSS_LPS_FRONT_URL: origin.optional().describe(
    "Public origin of that proxy, as software is told of it in its JMAP session",
  ),
  MSS_LPS_FRONT_KEY_FILE: z.string().optional().describe(
    "File of the key that the proxy presents with a client certificate it has verified; without it software gets no token",
  ),
};

const shape = z.object(oauthVariables);

/** @param faults receives what is missing beside what is there */
export function oauthConfig(
  values: z.infer<typeof shape>,
  read: (name: string) => string,
  faults: string[],
): OauthSettings {
  if ((values.MSS_LPS_FRONT_URL === undefined) !== (values.MSS_LPS_FRONT_KEY_FILE === undefined)) {
    faults.push("MSS_LPS_FRONT_URL, MSS_LPS_FRONT_KEY_FILE: one without the other");
  }
  return {
    frontUrl: values.MSS_LPS_FRONT_URL ?? null,
    accessSeconds: values.MSS_OAUTH_ACCESS_SECONDS,
    refreshSeconds: values.MSS_OAUTH_REFRESH_SECONDS,
    grantSeconds: values.MSS_OAUTH_GRANT_SECONDS,
    keptDays: values.MSS_OAUTH_KEPT_DAYS,
    frontKey: values.MSS_LPS_FRONT_KEY_FILE === undefined ? null : read("MSS_LPS_FRONT_KEY_FILE"),
  };
}
