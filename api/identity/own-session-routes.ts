/** Where somebody is signed in, and the end of it: one's own sessions, and those of a person of one's structure. */
import { contextOf, createRoutes, z } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import type { Identity } from "./identity.ts";
import type { OwnSessionRow } from "./own-session-queries.ts";
import { endOtherSessions, endOwnSession, readOwnSessions } from "./own-sessions.ts";

const tags = ["session"];

const ownSession = z.object({
  id: z.uuid(),
  isCurrent: z.boolean().openapi({ description: "The one that asks" }),
  network: z.string().nullable().openapi({ example: "198.51.100.0/24" }),
  browser: z.string().nullable().openapi({ example: "Firefox, Windows" }),
  isNewPlace: z.boolean().openapi({ description: "Never seen there before this sign-in" }),
  factor: z.string().openapi({
    description: "`psc` for Pro Santé Connect, else what the staff showed: `pwd+otp`, `passkey` …",
  }),
  startedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime().openapi({ description: "To the minute" }),
  expiresAt: z.iso.datetime(),
}).openapi("OwnSession");
const ownSessionList = z.object({ items: z.array(ownSession) }).openapi("OwnSessionList");
export const endedSessionsBody = z.object({ ended: z.int().min(0) }).openapi("EndedSessions");

const listRoute = operation("everybody", {
  operationId: "listOwnSessions",
  method: "get",
  path: "/api/v1/sessions",
  tags,
  summary: "Where the person who asks is signed in, last used first",
  responses: { 200: answer("All of them", ownSessionList) },
  problems: ["forbidden"],
});
const endRoute = operation("everybody", {
  operationId: "endOwnSession",
  method: "delete",
  path: "/api/v1/sessions/{sessionId}",
  tags,
  summary: "Ends one of them at once, also what it holds open",
  params: z.object({ sessionId: z.uuid() }),
  responses: { 204: { description: "Ended" } },
  problems: ["session-not-found"],
});
const endOthersRoute = operation("everybody", {
  operationId: "endOtherSessions",
  method: "post",
  path: "/api/v1/sessions/ending",
  tags,
  summary: "Ends all of them but the one that asks",
  responses: { 200: answer("Ended", endedSessionsBody) },
});

export function ownSessionRoutes(identity: Identity) {
  const routes = createRoutes();
  routes.openapi(listRoute, async (c) => {
    const { current, rows } = await readOwnSessions(identity, contextOf(c));
    c.header("cache-control", "no-store");
    return c.json({ items: rows.map((row) => toBody(row, current)) }, 200);
  });
  routes.openapi(endRoute, async (c) => {
    await endOwnSession(identity, contextOf(c), c.req.valid("param").sessionId);
    return c.body(null, 204);
  });
  routes.openapi(endOthersRoute, async (c) => {
    return c.json({ ended: await endOtherSessions(identity, contextOf(c)) }, 200);
  });
  return routes;
}

function toBody(row: OwnSessionRow, current: string) {
  return {
    id: row.id,
    isCurrent: row.id === current,
    network: row.network,
    browser: row.browser,
    isNewPlace: row.is_new_place,
    factor: row.amr ?? "psc",
    startedAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  };
}
