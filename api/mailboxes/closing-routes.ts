import type { OpenAPIHono } from "@hono/zod-openapi";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  bodilessProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
import { closeMailbox } from "./close.ts";
import { reopenMailbox } from "./reopen.ts";
import { closingInput, mailboxBody, mailboxParam, toMailboxBody } from "./schemas.ts";

const answer = (description: string) => ({
  description,
  headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
  content: json(mailboxBody),
});

const closeRoute = createRoute({
  operationId: "closeMailbox",
  ...requires("mailbox.close"),
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/closing",
  tags: ["mailboxes"],
  summary:
    "Closes a mailbox: its mail is kept until `purgeAt`, then destroyed; its addresses are never given again",
  request: {
    params: mailboxParam,
    headers: idempotencyHeader.extend(ifMatchHeader.shape),
    body: { required: true, content: json(closingInput) },
  },
  responses: {
    200: answer("Closing, or was so already"),
    ...problemResponses(
      ...repeatableProblems,
      "mailbox-not-found",
      "mailbox-closed",
      "version-mismatch",
      "address-confirmation-wrong",
    ),
  },
});
const reopenRoute = createRoute({
  operationId: "reopenMailbox",
  ...requires("mailbox.reopen"),
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/closing",
  tags: ["mailboxes"],
  summary: "Takes a closing back while the mail is still kept",
  request: { params: mailboxParam, headers: ifMatchHeader },
  responses: {
    200: answer("As it was before its closing"),
    ...problemResponses(...bodilessProblems, "mailbox-not-found", "mailbox-closed", "version-mismatch"),
  },
});

export function closingRoutes(retentionDays: number): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(closeRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const input = { mailboxId, ifVersion, retentionDays, ...c.req.valid("json") };
    const mailbox = await closeMailbox(contextOf(c), input);
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 200);
  });

  routes.openapi(reopenRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const mailbox = await reopenMailbox(contextOf(c), { mailboxId, ifVersion });
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 200);
  });

  return routes;
}
