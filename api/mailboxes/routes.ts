import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, pageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise, may } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure, structureParam, suspensionInput } from "../tenancy/mod.ts";
import { changeMailbox } from "./change.ts";
import { createMailbox } from "./create.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { listMailboxes } from "./list-queries.ts";
import { getMailbox } from "./queries.ts";
import { resumeMailbox } from "./resume.ts";
import {
  mailboxBody,
  mailboxChange,
  mailboxInput,
  mailboxPage,
  mailboxParam,
  mailboxQuery,
  toMailboxBody,
} from "./schemas.ts";
import { suspendMailbox } from "./suspend.ts";

const createMailboxRoute = operation("mailbox.create", {
  operationId: "createMailbox",
  method: "post",
  path: "/api/v1/structures/{structureId}/mailboxes",
  tags: ["mailboxes"],
  summary: "Makes a mailbox; it accepts mail within two seconds",
  params: structureParam,
  body: mailboxInput,
  responses: { 201: versionedAnswer("Made", mailboxBody) },
  problems: [
    "structure-not-found",
    "structure-suspended",
    "structure-closed",
    "mailbox-domain-foreign",
    "mailbox-address-taken",
    "quota-mailboxes-exceeded",
    "quota-bytes-exceeded",
  ],
});
const listMailboxesRoute = operation("mailbox.read", {
  operationId: "listMailboxes",
  method: "get",
  path: "/api/v1/structures/{structureId}/mailboxes",
  tags: ["mailboxes"],
  summary: "The mailboxes of a structure",
  params: structureParam,
  query: mailboxQuery,
  responses: { 200: answer("A page", mailboxPage) },
  problems: ["forbidden", "structure-not-found"],
});
const listAllMailboxesRoute = operation("mailbox.read", {
  operationId: "listAllMailboxes",
  method: "get",
  path: "/api/v1/mailboxes",
  tags: ["mailboxes"],
  summary: "The mailboxes of all structures, for the operator",
  query: mailboxQuery,
  responses: { 200: answer("A page", mailboxPage) },
  problems: ["forbidden"],
});
const readMailboxRoute = operation("mailbox.read", {
  operationId: "readMailbox",
  method: "get",
  path: "/api/v1/mailboxes/{mailboxId}",
  tags: ["mailboxes"],
  summary: "One mailbox",
  params: mailboxParam,
  responses: { 200: versionedAnswer("The mailbox", mailboxBody) },
  problems: ["mailbox-not-found"],
});
const changeMailboxRoute = operation("mailbox.change", {
  operationId: "changeMailbox",
  method: "patch",
  path: "/api/v1/mailboxes/{mailboxId}",
  tags: ["mailboxes"],
  summary: "Changes what a mailbox says of itself and how much it may hold",
  params: mailboxParam,
  body: mailboxChange,
  isVersioned: true,
  responses: { 200: versionedAnswer("As it is now", mailboxBody) },
  problems: ["mailbox-not-found", "mailbox-closing", "mailbox-closed", "quota-bytes-exceeded"],
});
const suspendMailboxRoute = operation("mailbox.suspend", {
  operationId: "suspendMailbox",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/suspension",
  tags: ["mailboxes"],
  summary: "Suspends a mailbox: in force within five seconds, its mail is kept",
  params: mailboxParam,
  body: suspensionInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Suspended, or was so already", mailboxBody) },
  problems: ["mailbox-not-found", "mailbox-closing", "mailbox-closed"],
});
const resumeMailboxRoute = operation("mailbox.resume", {
  operationId: "resumeMailbox",
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/suspension",
  tags: ["mailboxes"],
  summary: "Ends a mailbox's suspension",
  params: mailboxParam,
  isVersioned: true,
  responses: { 200: versionedAnswer("Active, or was so already", mailboxBody) },
  problems: ["mailbox-not-found", "mailbox-closing", "mailbox-closed"],
});

export function mailboxRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(createMailboxRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const mailbox = await createMailbox(contextOf(c), { structureId, ...c.req.valid("json") });
    c.header("location", `/api/v1/mailboxes/${mailbox.id}`);
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 201);
  });

  routes.openapi(listMailboxesRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    // Who may see the structure but not its boxes is told so; who sees neither learns nothing.
    authorise(ctx, "structure.read", { structureId });
    if (!may(ctx.actor, "mailbox.read", { structureId })) {
      throw problem("forbidden", { action: "mailbox.read" });
    }
    const { limit, cursor, sort, ...filter } = c.req.valid("query");
    const request = pageRequest({ limit, cursor }, 2);
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listMailboxes(tx, structureId, request, sort, filter);
    });
    return c.json(page(rows, limit, ({ sort_key, id }) => [sort_key, id], toMailboxBody), 200);
  });

  routes.openapi(listAllMailboxesRoute, async (c) => {
    const ctx = contextOf(c);
    if (!may(ctx.actor, "mailbox.read")) throw problem("forbidden", { action: "mailbox.read" });
    const { limit, cursor, sort, ...filter } = c.req.valid("query");
    const request = pageRequest({ limit, cursor }, 2);
    const rows = await inOperator(ctx, (tx) => listMailboxes(tx, "all", request, sort, filter));
    return c.json(page(rows, limit, ({ sort_key, id }) => [sort_key, id], toMailboxBody), 200);
  });

  routes.openapi(readMailboxRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ctx = contextOf(c);
    const structureId = await authoriseOnMailbox(ctx, "mailbox.read", mailboxId);
    const mailbox = await inStructure(ctx, structureId, (tx) => getMailbox(tx, structureId, mailboxId));
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 200);
  });

  routes.openapi(changeMailboxRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const mailbox = await changeMailbox(contextOf(c), { mailboxId, ifVersion, fields: c.req.valid("json") });
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 200);
  });

  routes.openapi(suspendMailboxRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const mailbox = await suspendMailbox(contextOf(c), { mailboxId, ifVersion, ...c.req.valid("json") });
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 200);
  });

  routes.openapi(resumeMailboxRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const mailbox = await resumeMailbox(contextOf(c), { mailboxId, ifVersion });
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 200);
  });

  return routes;
}
