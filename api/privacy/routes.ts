/** The charter, consents, and the register: what is read and decided at once. Archives and erasure: export-routes.ts, erasure-routes.ts. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inPerson } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
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

const readCharterRoute = operation("everybody", {
  operationId: "readCharter",
  method: "get",
  path: "/api/v1/privacy/charter",
  tags,
  summary: "The charter in force, and whether the person asking has accepted it",
  responses: { 200: answer("null when none was published", currentCharterBody) },
  problems: ["forbidden"],
});
const listChartersRoute = operation("charter.read-all", {
  operationId: "listCharters",
  method: "get",
  path: "/api/v1/privacy/charters",
  tags,
  summary: "Every version that was published, newest first",
  responses: { 200: answer("All of them", charterList) },
  problems: ["forbidden"],
});
const publishCharterRoute = operation("charter.publish", {
  operationId: "publishCharter",
  method: "post",
  path: "/api/v1/privacy/charters",
  tags,
  summary: "Publishes a version: everybody is asked to accept it",
  body: charterInput,
  responses: { 201: answer("In force", charterBody) },
  problems: ["charter-version-taken"],
});
const acceptCharterRoute = operation("everybody", {
  operationId: "acceptCharter",
  method: "post",
  path: "/api/v1/privacy/charter/acceptance",
  tags,
  summary: "Accepts the charter in force",
  body: acceptanceInput,
  responses: { 201: answer("Accepted, or was so already", charterBody) },
  problems: ["charter-not-found", "charter-outdated"],
});
const listConsentsRoute = operation("everybody", {
  operationId: "listConsents",
  method: "get",
  path: "/api/v1/privacy/consents",
  tags,
  summary: "What the person asking has consented to",
  responses: { 200: answer("Every purpose", consentList) },
  problems: ["forbidden"],
});
const decideConsentRoute = operation("everybody", {
  operationId: "decideConsent",
  method: "post",
  path: "/api/v1/privacy/consents",
  tags,
  summary: "Gives or withdraws a consent",
  body: consentInput,
  responses: { 201: answer("Every purpose, as it is now", consentList) },
});
const registerRoute = operation("processing-register.read", {
  operationId: "readProcessingRegister",
  method: "get",
  path: "/api/v1/privacy/register",
  tags,
  summary: "The register of processing (RGPD, art. 30), from the data map of the code",
  responses: { 200: answer("Every category", registerBody) },
  problems: ["forbidden"],
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
