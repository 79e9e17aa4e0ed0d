import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { operation, versionedAnswer } from "../http/operation.ts";
import { etag, versionOf } from "../http/version.ts";
import { moveMailbox } from "./move.ts";
import { mailboxBody, mailboxParam, moveInput, toMailboxBody } from "./schemas.ts";

const moveRoute = operation("mailbox.move", {
  operationId: "moveMailbox",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/move",
  tags: ["mailboxes"],
  summary:
    "Moves a mailbox with its mail to another structure, under a new address; the old one is closed for good",
  params: mailboxParam,
  body: moveInput,
  isVersioned: true,
  responses: {
    201: versionedAnswer(
      "The mailbox in its new structure; `provisioning` says when its mail has arrived",
      mailboxBody,
    ),
  },
  problems: [
    "mailbox-not-found",
    "mailbox-closing",
    "mailbox-closed",
    "mailbox-moving",
    "mailbox-already-there",
    "structure-not-found",
    "structure-suspended",
    "structure-closed",
    "mailbox-domain-foreign",
    "mailbox-address-taken",
    "quota-mailboxes-exceeded",
    "quota-bytes-exceeded",
  ],
});

export function moveRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(moveRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const mailbox = await moveMailbox(contextOf(c), { mailboxId, ifVersion, ...c.req.valid("json") });
    c.header("location", `/api/v1/mailboxes/${mailbox.id}`);
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 201);
  });

  return routes;
}
