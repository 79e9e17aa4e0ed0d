import type { AppDeps } from "../context.ts";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { authorise } from "../identity/mod.ts";
import { checkRecipients } from "./match.ts";
import { recipientsBody, recipientsRequest, trustSpaceBody } from "./schemas.ts";
import { readTrustSpace, type TrustSpaceState } from "./state.ts";

const checkRoute = createRoute({
  operationId: "checkRecipients",
  ...requires("recipient.check"),
  method: "post",
  path: "/api/v1/recipients/check",
  tags: ["trust-space"],
  summary: "Says of each address whether it can be written to",
  description: "Changes nothing: it is a POST so that addresses stand in no log of addresses.",
  request: {
    headers: idempotencyHeader,
    body: { required: true, content: { "application/json": { schema: recipientsRequest } } },
  },
  responses: {
    200: {
      description: "One result for each address, in the order asked",
      content: { "application/json": { schema: recipientsBody } },
    },
    ...problemResponses(...repeatableProblems),
  },
});

const stateRoute = createRoute({
  operationId: "readTrustSpace",
  ...requires("everybody"),
  method: "get",
  path: "/api/v1/trust-space",
  tags: ["trust-space"],
  summary: "The white list in force and the last refusal",
  responses: {
    200: { description: "The state", content: { "application/json": { schema: trustSpaceBody } } },
    ...problemResponses(...commonProblems),
  },
});

/** The routes of this room, for every person who has signed in (app.ts asks for the sign-in). */
export function trustSpaceRoutes(_deps: AppDeps) {
  const routes = createRoutes();
  routes.openapi(checkRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "recipient.check");
    return c.json({ results: await checkRecipients(ctx, c.req.valid("json").addresses) }, 200);
  });
  routes.openapi(stateRoute, async (c) => c.json(toTrustSpaceBody(await readTrustSpace(contextOf(c))), 200));
  return routes;
}

function toTrustSpaceBody({ list, lastRefusal }: TrustSpaceState) {
  return {
    list: list === undefined ? null : {
      generatedAt: list.generatedAt.toISOString(),
      importedAt: list.importedAt.toISOString(),
      domainCount: list.domainCount,
      entryCount: list.entryCount,
      signer: list.signer,
    },
    lastRefusal: lastRefusal === undefined
      ? null
      : { at: lastRefusal.at.toISOString(), reason: lastRefusal.reason },
  };
}
