/** Example requests on programs and software that act for people. */
import type { Harness } from "../../support/harness.ts";
import { newClientPem } from "../../support/client-certificate.ts";
import type { Provoke } from "./common-problems.ts";
import type { Example } from "./operations.ts";

const newProgram = () => ({
  kind: "native",
  clientId: `p${crypto.randomUUID()}`,
  name: "Messagerie du cabinet",
  redirectUris: ["http://127.0.0.1/callback"],
});

async function newGrant(harness: Harness, personId: string): Promise<string> {
  const [row] = await harness.database.rows(
    `with client as (insert into app.oauth_clients (client_id, kind, name, redirect_uris)
       values ('p' || gen_random_uuid(), 'native', 'Programme', '["http://127.0.0.1/"]') returning id)
     insert into app.oauth_grants (client_id, person_id, scope, created_at, expires_at)
       select id, $1, 'mail', $2, $2::timestamptz + interval '1 hour' from client returning id`,
    [personId, harness.clock.now()],
  );
  return String(row?.id);
}

export const oauthExamples: Readonly<Record<string, Example>> = {
  listOauthClients: () => ({ parameters: {} }),
  createOauthClient: () => ({ parameters: {}, body: newProgram() }),
  withdrawOauthClient: async (_harness, { operator }) => {
    const made = await operator.post("/api/v1/oauth-clients", {
      kind: "lps",
      clientId: `l${crypto.randomUUID()}`,
      name: "Logiciel",
      certificate: await newClientPem(),
    });
    return { parameters: { oauthClientId: made.body.id } };
  },
  listOwnPrograms: () => ({ parameters: {} }),
  revokeOwnProgram: async (harness, { operator }) => ({
    parameters: { programId: await newGrant(harness, operator.personId) },
  }),
};

export const oauthProblemsByOperation: Readonly<Record<string, Readonly<Record<string, Provoke>>>> = {
  createOauthClient: {
    "oauth-client-taken": async (scene) => {
      const request = await scene.example();
      await scene.world.operator.post("/api/v1/oauth-clients", request.body);
      return { request };
    },
  },
};
