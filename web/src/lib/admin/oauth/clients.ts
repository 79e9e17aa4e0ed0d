/** Programs and software that people let in: what the screens say of them alike. */
import { m } from "#lib/i18n/generated/messages.js";
import { bodyOf, type Schemas } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import type { Tone } from "../ui/states.ts";

export type OauthClient = Schemas["OauthClient"];
export type OauthClientWithUse = Schemas["OauthClientWithUse"];

export const clientsPath = "/admin/oauth-clients";
/** Before its end a certificate is spoken of for so long. */
const soonMilliseconds = 30 * 86_400_000;

const kinds = { native: m.oauth_kind_native, lps: m.oauth_kind_lps } as const;
const states: Readonly<Record<OauthClient["status"], { readonly text: () => string; readonly tone: Tone }>> =
  {
    active: { text: m.oauth_state_active, tone: "good" },
    suspended: { text: m.oauth_state_suspended, tone: "warning" },
    withdrawn: { text: m.oauth_state_withdrawn, tone: "plain" },
  };

export const kindText = ({ kind }: Pick<OauthClient, "kind">): string => kinds[kind]();
export const stateText = ({ status }: OauthClient): string => states[status].text();
export const stateTone = ({ status }: OauthClient): Tone => states[status].tone;
export const kindOptions = Object.entries(kinds).map(([value, label]) => ({ value, label }));
export const stateOptions = Object.entries(states).map(([value, { text }]) => ({ value, label: text }));

/** What is to be done about a software's certificate; undefined while it is good for long. */
export function certificateWarning({ certificateExpiresAt, status }: OauthClient): string | undefined {
  if (certificateExpiresAt === null || status === "withdrawn") return undefined;
  const left = Date.parse(certificateExpiresAt) - Date.now();
  if (left <= 0) return m.oauth_certificate_over();
  return left < soonMilliseconds ? m.oauth_certificate_soon() : undefined;
}

export async function readClient(
  { api }: Admin,
  id: string,
  signal?: AbortSignal,
): Promise<OauthClientWithUse> {
  const params = { path: { oauthClientId: id } };
  return await bodyOf(
    api.GET("/api/v1/oauth-clients/{oauthClientId}", { params, ...(signal === undefined ? {} : { signal }) }),
  );
}
