import type { AppDeps } from "../context.ts";
import { contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { authorise } from "../identity/mod.ts";
import { checkRecipients } from "./match.ts";
import { recipientsBody, recipientsRequest, trustSpaceBody } from "./schemas.ts";
import { readTrustSpace, type TrustSpaceState } from "./state.ts";

const checkRoute = operation("recipient.check", {
  operationId: "checkRecipients",
  method: "post",
  path: "/api/v1/recipients/check",
  tags: ["trust-space"],
  summary: "Says of each address whether it can be written to",
  description: "Changes nothing: it is a POST so that addresses stand in no log of addresses.",
  body: recipientsRequest,
  responses: {
    200: answer("One result for each address, in the order asked", recipientsBody),
  },
});

const stateRoute = operation("everybody", {
  operationId: "readTrustSpace",
  method: "get",
  path: "/api/v1/trust-space",
  tags: ["trust-space"],
  summary: "The white list in force and the last refusal",
  responses: {
    200: answer("The state", trustSpaceBody),
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
