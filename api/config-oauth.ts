/** Settings of the authorisation server (api/oauth). */
import { z } from "zod";
import { origin, seconds } from "./config-shapes.ts";
import type { OauthSettings } from "./oauth/mod.ts";

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
  MSS_LPS_FRONT_URL: origin.optional().describe(
    "Public origin of that proxy, as software is told of it in its JMAP session",
  ),
  MSS_LPS_FRONT_KEY_FILE: z.string().optional().describe(
    "File of the key that the proxy presents with a client certificate it has verified; without it software gets no token",
  ),
};

const shape = z.object(oauthVariables);

export function oauthConfig(values: z.infer<typeof shape>, read: (name: string) => string): OauthSettings {
  return {
    frontUrl: values.MSS_LPS_FRONT_URL ?? null,
    accessSeconds: values.MSS_OAUTH_ACCESS_SECONDS,
    refreshSeconds: values.MSS_OAUTH_REFRESH_SECONDS,
    grantSeconds: values.MSS_OAUTH_GRANT_SECONDS,
    frontKey: values.MSS_LPS_FRONT_KEY_FILE === undefined ? null : read("MSS_LPS_FRONT_KEY_FILE"),
  };
}
