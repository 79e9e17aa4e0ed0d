import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { operation, versionedAnswer } from "../http/operation.ts";
import { etag, versionOf } from "../http/version.ts";
import { closeMailbox } from "./close.ts";
import { reopenMailbox } from "./reopen.ts";
import { closingInput, mailboxBody, mailboxParam, toMailboxBody } from "./schemas.ts";

const closeRoute = operation("mailbox.close", {
  operationId: "closeMailbox",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/closing",
  tags: ["mailboxes"],
  summary:
    "Closes a mailbox: its mail is kept until `purgeAt`, then destroyed; its addresses are never given again",
  params: mailboxParam,
  body: closingInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Closing, or was so already", mailboxBody) },
  problems: ["mailbox-not-found", "mailbox-closed", "address-confirmation-wrong"],
});
const reopenRoute = operation("mailbox.reopen", {
  operationId: "reopenMailbox",
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/closing",
  tags: ["mailboxes"],
  summary: "Takes a closing back while the mail is still kept",
  params: mailboxParam,
  isVersioned: true,
  responses: { 200: versionedAnswer("As it was before its closing", mailboxBody) },
  problems: ["mailbox-not-found", "mailbox-closed"],
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
