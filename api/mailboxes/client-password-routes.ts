import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  type ApiEnv,
  bodilessProblems,
  contextOf,
  createRoute,
  createRoutes,
  problemResponses,
  requires,
} from "../http/openapi.ts";
import { clientPasswordBody, mailboxParam } from "./schemas.ts";
import { newClientSecret, setClientSecret } from "./set-client-secret.ts";

const slugs = [...bodilessProblems, "mailbox-not-found", "mailbox-closing", "mailbox-closed"] as const;

/** PUT and not POST: its answer must be kept nowhere, so there is no Idempotency-Key; repeating it makes another password. */
const giveRoute = createRoute({
  ...requires("mailbox.set-client-secret"),
  operationId: "giveClientPassword",
  ...requires("mailbox.set-client-secret"),
  method: "put",
  path: "/api/v1/mailboxes/{mailboxId}/client-password",
  tags: ["mailboxes"],
  summary: "Makes a new password for standard mail clients; the one before ends",
  request: { params: mailboxParam },
  responses: {
    200: {
      description: "The password, this once",
      content: { "application/json": { schema: clientPasswordBody } },
    },
    ...problemResponses(
      ...slugs,
      "app-passwords-not-allowed",
      "unsupported-media-type",
      "request-too-large",
    ),
  },
});
const withdrawRoute = createRoute({
  ...requires("mailbox.set-client-secret"),
  operationId: "withdrawClientPassword",
  ...requires("mailbox.set-client-secret"),
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/client-password",
  tags: ["mailboxes"],
  summary: "No standard mail client may sign in any more",
  request: { params: mailboxParam },
  responses: { 204: { description: "Withdrawn, or there was none" }, ...problemResponses(...slugs) },
});

export function clientPasswordRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(giveRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const password = newClientSecret();
    const { address } = await setClientSecret(contextOf(c), { mailboxId, secret: password });
    c.header("cache-control", "no-store");
    return c.json({ address, password }, 200);
  });

  routes.openapi(withdrawRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    await setClientSecret(contextOf(c), { mailboxId, secret: null });
    return c.body(null, 204);
  });

  return routes;
}
