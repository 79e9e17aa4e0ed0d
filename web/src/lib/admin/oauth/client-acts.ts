/** What is asked before a program or software is suspended, resumed or withdrawn. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Act, Effect } from "../act/act.ts";
import { ifMatch } from "../client/client.ts";
import type { Admin } from "../shell/admin.svelte.ts";
import { type OauthClient, readClient } from "./clients.ts";

type MakeAct = (admin: Admin, client: OauthClient, changed: () => void) => Act;

const again = (make: MakeAct, admin: Admin, { id }: OauthClient, changed: () => void) => ({
  renew: async () => make(admin, await readClient(admin, id), changed),
});

/** What it holds at this moment, and would lose. */
async function whatEnds(admin: Admin, { id }: OauthClient): Promise<readonly Effect[]> {
  const { use } = await readClient(admin, id);
  if (use.grants === 0) return [{ text: m.oauth_ends_nothing() }];
  return [
    { text: m.oauth_ends_people({ count: use.people }), tone: "danger" },
    { text: m.oauth_ends_now(), tone: "danger" },
  ];
}

export function suspension(admin: Admin, client: OauthClient, changed: () => void): Act {
  const params = { path: { oauthClientId: client.id } };
  return {
    ...again(suspension, admin, client, changed),
    title: m.oauth_suspend_title({ name: client.name }),
    label: m.oauth_suspend(),
    danger: true,
    reason: "required",
    effects: async () => [
      ...await whatEnds(admin, client),
      { text: m.oauth_suspend_no_more(), tone: "danger" },
      { text: m.oauth_suspend_back(), tone: "good" },
    ],
    run: async ({ reason, key }) => {
      await admin.api.POST("/api/v1/oauth-clients/{oauthClientId}/suspension", {
        params: { ...params, header: { ...ifMatch(client), "idempotency-key": key } },
        body: { reason },
      });
      changed();
    },
    done: m.oauth_suspended({ name: client.name }),
    undo: async () => {
      await admin.api.DELETE("/api/v1/oauth-clients/{oauthClientId}/suspension", { params });
      changed();
    },
  };
}

export function resumption(admin: Admin, client: OauthClient, changed: () => void): Act {
  return {
    ...again(resumption, admin, client, changed),
    title: m.oauth_resume_title({ name: client.name }),
    label: m.oauth_resume(),
    effects: [{ text: m.oauth_resume_may(), tone: "good" }, { text: m.oauth_resume_anew() }],
    run: async () => {
      await admin.api.DELETE("/api/v1/oauth-clients/{oauthClientId}/suspension", {
        params: { path: { oauthClientId: client.id }, header: ifMatch(client) },
      });
      changed();
    },
    done: m.oauth_resumed({ name: client.name }),
  };
}

export function withdrawal(admin: Admin, client: OauthClient, changed: () => void): Act {
  return {
    ...again(withdrawal, admin, client, changed),
    title: m.oauth_withdraw_title({ name: client.name }),
    label: m.oauth_withdraw(),
    danger: true,
    typed: client.clientId,
    effects: async () => [
      ...await whatEnds(admin, client),
      { text: m.oauth_withdraw_name({ clientId: client.clientId }), tone: "danger" },
      { text: m.admin_irreversible(), tone: "danger" },
    ],
    run: async () => {
      await admin.api.DELETE("/api/v1/oauth-clients/{oauthClientId}", {
        params: { path: { oauthClientId: client.id }, header: ifMatch(client) },
      });
      changed();
    },
    done: m.oauth_withdrawn({ name: client.name }),
  };
}
