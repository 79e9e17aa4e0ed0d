/** Example requests on programs and software that act for people. */
import type { Harness } from "../../support/harness.ts";
import { newClientPem } from "../../support/client-certificate.ts";
import type { Example, Provoke } from "./example.ts";
import { factorRequired } from "./staff-examples.ts";

const newProgram = () => ({
  kind: "native",
  clientId: `p${crypto.randomUUID()}`,
  name: "Messagerie du cabinet",
  redirectUris: ["http://127.0.0.1/callback"],
});

/** A program with a family of the person. @returns the program's id */
async function newGrant(harness: Harness, personId: string): Promise<string> {
  const [row] = await harness.database.rows(
    `with client as (insert into app.oauth_clients (client_id, kind, name, redirect_uris)
       values ('p' || gen_random_uuid(), 'native', 'Programme', '["http://127.0.0.1/"]') returning id)
     insert into app.oauth_grants (client_id, person_id, scope, created_at, expires_at)
       select id, $1, 'mail', $2, $2::timestamptz + interval '1 hour' from client returning client_id`,
    [personId, harness.clock.now()],
  );
  return String(row?.client_id);
}

const newSoftware = async () => ({
  kind: "lps",
  clientId: `l${crypto.randomUUID()}`,
  name: "Logiciel",
  certificate: await newClientPem(),
});

const ofClient = (make: () => unknown, body?: () => unknown): Example => async (_harness, { operator }) => {
  const made = await operator.post("/api/v1/oauth-clients", await make());
  return {
    parameters: { oauthClientId: made.body.id },
    ...(body === undefined ? {} : { body: await body() }),
  };
};

export const oauthExamples: Readonly<Record<string, Example>> = {
  listOauthClients: () => ({ parameters: {}, query: { q: "logiciel", kind: "lps", status: "active" } }),
  readOauthClient: ofClient(newProgram),
  createOauthClient: () => ({ parameters: {}, body: newProgram() }),
  changeOauthClient: ofClient(
    newProgram,
    () => ({ name: "Autre nom", redirectUris: ["http://127.0.0.1/retour"] }),
  ),
  certifyOauthClient: ofClient(newSoftware, async () => ({ certificate: await newClientPem() })),
  suspendOauthClient: ofClient(newProgram, () => ({ reason: "Doute" })),
  resumeOauthClient: ofClient(newProgram),
  withdrawOauthClient: ofClient(newSoftware),
  listOwnPrograms: () => ({ parameters: {} }),
  revokeOwnProgram: async (harness, { operator }) => ({
    parameters: { programId: await newGrant(harness, operator.personId) },
  }),
};

const withdrawn: Provoke = async (scene) => {
  const request = await scene.example();
  await scene.world.operator.delete(`/api/v1/oauth-clients/${request.parameters["oauthClientId"]}`);
  return { request };
};

export const oauthProblemsByOperation: Readonly<Record<string, Readonly<Record<string, Provoke>>>> = {
  createOauthClient: {
    "factor-required": factorRequired,
    "oauth-client-taken": async (scene) => {
      const request = await scene.example();
      await scene.world.operator.post("/api/v1/oauth-clients", request.body);
      return { request };
    },
  },
  changeOauthClient: { "factor-required": factorRequired, "oauth-client-withdrawn": withdrawn },
  suspendOauthClient: { "oauth-client-withdrawn": withdrawn },
  resumeOauthClient: { "oauth-client-withdrawn": withdrawn },
  certifyOauthClient: {
    "factor-required": factorRequired,
    "oauth-client-withdrawn": withdrawn,
    "oauth-client-taken": async (scene) => {
      const request = await scene.example();
      const { certificate } = request.body as { certificate: string };
      await scene.world.operator.post("/api/v1/oauth-clients", { ...await newSoftware(), certificate });
      return { request };
    },
  },
};
