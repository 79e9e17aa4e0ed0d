import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { cancelDeparture, depart, previewDeparture } from "./depart.ts";
import { departureBody, departureInput, departurePreviewBody, toDepartureBody } from "./departure-schemas.ts";
import { personParam } from "./schemas.ts";

const path = "/api/v1/structures/{structureId}/people/{personId}";

const previewRoute = operation("person.depart", {
  operationId: "previewDeparture",
  method: "get",
  path: `${path}/departure-preview`,
  tags: ["people"],
  summary: "What a person's departure would end, without ending it",
  params: personParam,
  responses: { 200: answer("As of now", departurePreviewBody) },
  problems: ["forbidden", "structure-not-found", "person-not-found"],
});
const departRoute = operation("person.depart", {
  operationId: "departPerson",
  method: "post",
  path: `${path}/departure`,
  tags: ["people"],
  summary: "Ends all that a person has in the structure, now or at a date; his own boxes are suspended",
  params: personParam,
  body: departureInput,
  responses: { 200: answer("Done, planned, or was so already", departureBody) },
  problems: ["structure-not-found", "person-not-found", "last-administrator"],
});
const cancelRoute = operation("person.cancel-departure", {
  operationId: "cancelDeparture",
  method: "delete",
  path: `${path}/departure`,
  tags: ["people"],
  summary: "Cancels a departure that is planned",
  params: personParam,
  responses: { 204: { description: "Cancelled" } },
  problems: ["structure-not-found", "departure-not-found"],
});

export function departureRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(previewRoute, async (c) => {
    const { roles, memberBoxes, mailboxes, orphanedMailboxes, ...rest } = await previewDeparture(
      contextOf(c),
      c.req.valid("param"),
    );
    return c.json({
      roles: [...roles],
      memberBoxes: [...memberBoxes],
      mailboxes: [...mailboxes],
      orphanedMailboxes: [...orphanedMailboxes],
      ...rest,
    }, 200);
  });

  routes.openapi(departRoute, async (c) => {
    const { reason, date } = c.req.valid("json");
    const dueAt = date === undefined ? undefined : new Date(date);
    const departure = await depart(contextOf(c), { ...c.req.valid("param"), reason, dueAt });
    return c.json(toDepartureBody(departure), 200);
  });

  routes.openapi(cancelRoute, async (c) => {
    await cancelDeparture(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
