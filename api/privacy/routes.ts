/** The charter, consents, and the register: what is read and decided at once. Archives and erasure: export-routes.ts, erasure-routes.ts. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inPerson } from "../database/in-tenant.ts";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { authorise, requirePerson } from "../identity/mod.ts";
import { acceptCharter, publishCharter } from "./charter.ts";
import { decideConsent } from "./consent.ts";
import { findAcceptance, findCharterInForce, listCharters, listConsents } from "./queries.ts";
import {
  acceptanceInput,
  charterBody,
  charterInput,
  charterList,
  consentInput,
  consentList,
  currentCharterBody,
  registerBody,
  toCharterBody,
  toConsentList,
  toRegisterBody,
} from "./schemas.ts";

const tags = ["privacy"];
const body = <T>(schema: T) => ({ content: json(schema), required: true });

const readCharterRoute = createRoute({
  operationId: "readCharter",
  method: "get",
  path: "/api/v1/privacy/charter",
  tags,
  summary: "The charter in force, and whether the person asking has accepted it",
  ...requires("everybody"),
  responses: {
    200: { description: "null when none was published", content: json(currentCharterBody) },
    ...problemResponses(...commonProblems, "forbidden"),
  },
});
const listChartersRoute = createRoute({
  operationId: "listCharters",
  method: "get",
  path: "/api/v1/privacy/charters",
  tags,
  summary: "Every version that was published, newest first",
  ...requires("charter.read-all"),
  responses: {
    200: { description: "All of them", content: json(charterList) },
    ...problemResponses(...commonProblems, "forbidden"),
  },
});
const publishCharterRoute = createRoute({
  operationId: "publishCharter",
  method: "post",
  path: "/api/v1/privacy/charters",
  tags,
  summary: "Publishes a version: everybody is asked to accept it",
  ...requires("charter.publish"),
  request: { headers: idempotencyHeader, body: body(charterInput) },
  responses: {
    201: { description: "In force", content: json(charterBody) },
    ...problemResponses(...repeatableProblems, "charter-version-taken"),
  },
});
const acceptCharterRoute = createRoute({
  operationId: "acceptCharter",
  method: "post",
  path: "/api/v1/privacy/charter/acceptance",
  tags,
  summary: "Accepts the charter in force",
  ...requires("everybody"),
  request: { headers: idempotencyHeader, body: body(acceptanceInput) },
  responses: {
    201: { description: "Accepted, or was so already", content: json(charterBody) },
    ...problemResponses(...repeatableProblems, "charter-not-found", "charter-outdated"),
  },
});
const listConsentsRoute = createRoute({
  operationId: "listConsents",
  method: "get",
  path: "/api/v1/privacy/consents",
  tags,
  summary: "What the person asking has consented to",
  ...requires("everybody"),
  responses: {
    200: { description: "Every purpose", content: json(consentList) },
    ...problemResponses(...commonProblems, "forbidden"),
  },
});
const decideConsentRoute = createRoute({
  operationId: "decideConsent",
  method: "post",
  path: "/api/v1/privacy/consents",
  tags,
  summary: "Gives or withdraws a consent",
  ...requires("everybody"),
  request: { headers: idempotencyHeader, body: body(consentInput) },
  responses: {
    201: { description: "Every purpose, as it is now", content: json(consentList) },
    ...problemResponses(...repeatableProblems),
  },
});
const registerRoute = createRoute({
  operationId: "readProcessingRegister",
  method: "get",
  path: "/api/v1/privacy/register",
  tags,
  summary: "The register of processing (RGPD, art. 30), from the data map of the code",
  ...requires("processing-register.read"),
  responses: {
    200: { description: "Every category", content: json(registerBody) },
    ...problemResponses(...commonProblems, "forbidden"),
  },
});

export function privacyRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(readCharterRoute, async (c) => {
    const ctx = contextOf(c);
    const { personId } = requirePerson(ctx);
    const answer = await inPerson(ctx, personId, async (tx) => {
      const charter = await findCharterInForce(tx);
      if (charter === undefined) return { charter: null, acceptedAt: null };
      const acceptedAt = await findAcceptance(tx, personId, charter.id);
      return { charter: toCharterBody(charter), acceptedAt: acceptedAt?.toISOString() ?? null };
    });
    return c.json(answer, 200);
  });

  routes.openapi(listChartersRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "charter.read-all");
    const rows = await inOperator(ctx, listCharters);
    const items = rows.map((row) => ({
      ...toCharterBody(row),
      acceptanceCount: Number(row.acceptance_count ?? 0),
    }));
    return c.json({ items }, 200);
  });

  routes.openapi(publishCharterRoute, async (c) => {
    return c.json(toCharterBody(await publishCharter(contextOf(c), c.req.valid("json"))), 201);
  });

  routes.openapi(acceptCharterRoute, async (c) => {
    const ctx = contextOf(c);
    const { charterId } = c.req.valid("json");
    return c.json(toCharterBody(await acceptCharter(ctx, requirePerson(ctx), charterId)), 201);
  });

  routes.openapi(listConsentsRoute, async (c) => {
    const ctx = contextOf(c);
    const { personId } = requirePerson(ctx);
    return c.json(toConsentList(await inPerson(ctx, personId, (tx) => listConsents(tx, personId))), 200);
  });

  routes.openapi(decideConsentRoute, async (c) => {
    const ctx = contextOf(c);
    const actor = requirePerson(ctx);
    await decideConsent(ctx, actor, c.req.valid("json"));
    const rows = await inPerson(ctx, actor.personId, (tx) => listConsents(tx, actor.personId));
    return c.json(toConsentList(rows), 201);
  });

  routes.openapi(registerRoute, (c) => {
    const ctx = contextOf(c);
    const { memberships } = requirePerson(ctx);
    // Of the platform as a whole: whoever administers a structure may read it, in whichever.
    authorise(ctx, "processing-register.read", {
      structureId: memberships.find(isAdministrator)?.structureId,
    });
    return c.json(toRegisterBody(), 200);
  });

  return routes;
}

function isAdministrator({ role }: { readonly role: string }): boolean {
  return role === "structure_administrator";
}
