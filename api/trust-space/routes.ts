import type { AppDeps } from "../context.ts";
import {
  changeProblems,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  problemResponses,
  requires,
} from "../http/openapi.ts";
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
  request: { body: { required: true, content: { "application/json": { schema: recipientsRequest } } } },
  responses: {
    200: {
      description: "One result for each address, in the order asked",
      content: { "application/json": { schema: recipientsBody } },
    },
    ...problemResponses(...changeProblems),
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
    return c.json({ results: await checkRecipients(contextOf(c), c.req.valid("json").addresses) }, 200);
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
