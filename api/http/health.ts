/**
 * Live: the process answers. Ready: it can serve, which needs PostgreSQL and nothing else. Redis and the mail server are
 * shown but do not take the process out of service: without Redis the platform is slower, without the mail server people
 * still administer and read « messagerie indisponible », and every process would be out at once.
 */
import type { AppDeps } from "../context.ts";
import { pingDatabase } from "../database/ping.ts";
import { createRoute, createRoutes, z } from "./openapi.ts";

const patienceMilliseconds = 2_000;
const state = z.enum(["ready", "unavailable"]);
const readiness = z.object({
  status: state,
  checks: z.object({ database: state, redis: state, mailServer: state }),
}).openapi("Readiness");

const live = createRoute({
  method: "get",
  path: "/health/live",
  operationId: "readLiveness",
  tags: ["health"],
  summary: "Whether the process answers",
  security: [],
  responses: {
    200: {
      description: "It does",
      content: { "application/json": { schema: z.object({ status: z.literal("live") }) } },
    },
  },
});
const ready = createRoute({
  method: "get",
  path: "/health/ready",
  operationId: "readReadiness",
  tags: ["health"],
  summary: "Whether the process can serve, and what it sees of its neighbours",
  security: [],
  responses: {
    200: { description: "Ready", content: { "application/json": { schema: readiness } } },
    503: {
      description: "The database does not answer",
      content: { "application/json": { schema: readiness } },
    },
  },
});

export function healthRoutes(deps: AppDeps) {
  const routes = createRoutes();
  routes.openapi(live, (c) => c.json({ status: "live" as const }, 200, { "cache-control": "no-store" }));
  routes.openapi(ready, async (c) => {
    const [database, redis, mailServer] = await Promise.all([
      within(() => pingDatabase(deps.db)),
      within(() => deps.redis.ping()),
      within(async () => {
        const answer = await deps.mailServer.probe(AbortSignal.timeout(patienceMilliseconds));
        if (answer !== "ready") throw new Error(answer);
      }),
    ]);
    const body = { status: database, checks: { database, redis, mailServer } };
    return c.json(body, database === "ready" ? 200 : 503, { "cache-control": "no-store" });
  });
  return routes;
}

/** What a check says in time; a late one counts as unavailable. */
async function within(check: () => Promise<unknown>): Promise<"ready" | "unavailable"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"unavailable">((resolve) => {
    timer = setTimeout(() => resolve("unavailable"), patienceMilliseconds);
  });
  try {
    return await Promise.race([check().then(() => "ready" as const, () => "unavailable" as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
