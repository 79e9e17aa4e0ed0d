/**
 * How to provoke the problems that many operations share, from what the document says of an operation and its example
 * alone. A new route is covered the day it is mounted.
 */
import { createApp } from "../../../api/app.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import type { Action } from "../../../api/actions.ts";
import type { Slug } from "../../../api/problems.ts";
import { cloneDatabase } from "../../support/database.ts";
import { policy } from "../../../api/identity/mod.ts";
import type { Harness } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";
import type { Input, Operation } from "./document.ts";
import type { Attempt, BrokenApps, Provoke, Request, World } from "./example.ts";
import { namingNothing, roleThatOnlySees, send, structureOf, withRole } from "./scenes.ts";

export async function openBrokenApps(harness: Harness, world: World): Promise<BrokenApps> {
  const { deps } = harness;
  const empty = await cloneDatabase("template0");
  const nowhere = createDatabase(
    createPool({ url: "postgres://mss_api@127.0.0.1:9/none", password: "-", poolSize: 2 }),
  );
  const onEmpty = createDatabase(createPool(empty.configOf("mss_api")));
  const rateLimits = { windowSeconds: 3_600, perPerson: 1, perServiceAccount: 1, perAddress: 1 };
  const withoutPatience = createApp({ ...deps, config: { ...deps.config, rateLimits } });
  const hasty = await harness.signIn();
  await withoutPatience.request("/api/v1/session", { headers: { cookie: hasty.cookie } });
  const path = `/api/v1/structures/${world.tenant.structureId}/service-accounts`;
  const account = await world.operator.post(path, { name: "Contrat", scopes: ["webhook.read"] });
  const key = await world.operator.post(`${path}/${account.body.id}/keys`, { expiresAt: null });
  return {
    withoutDatabase: createApp({ ...deps, db: nowhere }),
    onEmptyDatabase: createApp({ ...deps, db: onEmpty }),
    withoutPatience,
    hasty,
    foreigner: (await newTenant(harness)).administrator,
    serviceKey: key.body.secret,
    close: async () => {
      await Promise.all([nowhere.destroy(), onEmpty.destroy()]);
      await empty.drop();
    },
  };
}

const tooLarge = JSON.stringify({ name: "x".repeat(1_048_577) });
const raw = (body: string, type = "application/json"): Provoke => ({ operation }) => ({
  request: namingNothing(operation),
  raw: { body, type },
});
/** Whom no cache knows: his session is looked for in the database. */
const newcomer: Attempt["visitor"] = { cookie: `__Host-mss_session=${"A".repeat(43)}` };

export const commonProvocations: Partial<Record<Slug, Provoke>> = {
  "sign-in-required": async ({ harness, example }) => ({
    visitor: harness.stranger,
    request: await example(),
  }),
  "too-many-requests": ({ operation }, { withoutPatience: app, hasty: visitor }) => ({
    request: namingNothing(operation),
    app,
    visitor,
  }),
  "internal-error": ({ operation }, { onEmptyDatabase: app }) => ({
    request: namingNothing(operation),
    app,
    visitor: newcomer,
  }),
  "service-unavailable": ({ operation }, { withoutDatabase: app }) => ({
    request: namingNothing(operation),
    app,
    visitor: newcomer,
  }),
  "not-same-origin": ({ operation }) => ({
    request: namingNothing(operation),
    headers: { "sec-fetch-site": "cross-site" },
  }),
  "malformed-json": async ({ example }) => ({
    request: await example(),
    raw: { body: "{", type: "application/json" },
  }),
  "unsupported-media-type": raw("a=b", "application/x-www-form-urlencoded"),
  "request-too-large": raw(tooLarge),
  "version-mismatch": async ({ example }) => ({
    request: await example(),
    headers: { "if-match": '"999999"' },
  }),
  "invalid-request": async ({ operation, example }) => {
    if (operation.hasBody) return { request: await example(), raw: { body: "[]", type: "application/json" } };
    const wrong = operation.inputs.flatMap((input) => wrongValueOf(input))[0];
    if (wrong === undefined) return { request: await example() };
    return put(await example(), wrong.input, wrong.value);
  },
  "idempotency-key-reused": async (scene) => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const request = await scene.example();
    // What is refused is remembered; a secret that was shown once is not.
    await send(scene, { request, headers, raw: { body: "[]", type: "application/json" } });
    return {
      request,
      headers,
      raw: { body: `{"not":"${headers["idempotency-key"]}"}`, type: "application/json" },
    };
  },
  "idempotency-key-in-use": async (scene) => {
    const key = crypto.randomUUID();
    const headers = { "idempotency-key": key };
    // A body that is refused is remembered, too: as if its process still worked on it.
    const request = await scene.example();
    await send(scene, { request, headers, raw: { body: "[]", type: "application/json" } });
    await scene.harness.database.rows(
      "update app.idempotency_keys set status = null, created_at = $2 where key = $1",
      [key, scene.harness.clock.now()],
    );
    return { request, headers, raw: { body: "[]", type: "application/json" } };
  },
  forbidden: async (scene, { serviceKey }) => {
    const request = await scene.example();
    const action = scene.operation.requires;
    const structureId = action === "everybody" ? undefined : await structureOf(scene, request.parameters);
    const role = action === "everybody"
      ? undefined
      : roleThatOnlySees(action as Action, structureId, request.parameters);
    // What every person may do is asked for by software that may not.
    if (role === undefined) return { request, headers: { authorization: `Bearer ${serviceKey}` } };
    const visitor = await scene.harness.signIn(withRole(role, structureId ?? scene.world.tenant.structureId));
    return { request, visitor };
  },
};

/** How to miss a thing: the name under which a request names it, and a value that names none. */
export const missing: Partial<Record<Slug, readonly [name: string, value?: string]>> = {
  "structure-not-found": ["structureId"],
  "mailbox-not-found": ["mailboxId"],
  "batch-not-found": ["batchId"],
  "batch-line-not-found": ["line", "9999"],
  "domain-not-found": ["domainId"],
  "oauth-client-not-found": ["oauthClientId"],
  "program-not-found": ["programId"],
  "session-not-found": ["sessionId"],
  "person-not-found": ["personId"],
  "member-not-found": ["personId"],
  "membership-not-found": ["personId"],
  "alias-not-found": ["address", "nobody@nowhere.mssante.test"],
  "delegation-not-found": ["delegationId"],
  "service-account-not-found": ["serviceAccountId"],
  "service-account-key-not-found": ["keyId"],
  "invitation-not-found": ["invitationId"],
  "webhook-not-found": ["webhookId"],
  "app-password-not-found": ["appPasswordId"],
  "client-certificate-not-found": ["certificateId"],
  "inactivity-campaign-not-found": ["campaignId"],
  "charter-not-found": ["charterId"],
  "export-not-found": ["exportId"],
  "erasure-not-found": ["erasureId"],
};

/**
 * What is hidden from a foreigner is asked for by one. Otherwise the example with the thing's name replaced, wherever the
 * request says it: path, query or body.
 */
export function missingProvocation(slug: Slug, operation: Operation): Provoke | undefined {
  const rule = policy[operation.requires as Action] as { readonly hiddenAs?: Slug } | undefined;
  if (rule?.hiddenAs === slug && operation.parameters.length > 0) {
    return async ({ example }, { foreigner: visitor }) => ({ request: await example(), visitor });
  }
  const [name, value = crypto.randomUUID()] = missing[slug] ?? [];
  if (name === undefined) return undefined;
  const isNamed = operation.inputs.some((input) => input.name === name) || operation.hasBody;
  if (!isNamed) return undefined;
  return async ({ example }) => {
    const request = await example();
    if (name in request.parameters) {
      return { request: { ...request, parameters: { ...request.parameters, [name]: value } } };
    }
    if (request.query !== undefined && name in request.query) {
      return { request: { ...request, query: { ...request.query, [name]: value } } };
    }
    return { request: { ...request, body: { ...request.body as object, [name]: value } } };
  };
}

function wrongValueOf(input: Input): { input: Input; value: string }[] {
  const { format, type, enum: choices, pattern } = input.schema;
  if (input.name === "cursor") return [{ input, value: "no cursor" }];
  if (format === "uuid") return [{ input, value: "no-uuid" }];
  if (format === "date-time" || format === "date") return [{ input, value: "yesterday" }];
  if (type === "integer" || type === "number") return [{ input, value: "many" }];
  if (choices !== undefined || type === "boolean") return [{ input, value: "no-choice" }];
  if (input.name === "if-match" || pattern !== undefined) return [{ input, value: "no match" }];
  return [];
}

/** A request with one input changed. */
export function put(request: Request, input: Input, value: string): Attempt {
  if (input.in === "header") return { request, headers: { [input.name]: value } };
  if (input.in === "path") {
    return {
      request: { ...request, parameters: { ...request.parameters, [input.name]: encodeURIComponent(value) } },
    };
  }
  return { request: { ...request, query: { ...request.query, [input.name]: value } } };
}
