import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { mailboxParam } from "../mailboxes/mod.ts";
import { createAppPassword, readAppPasswords, revokeAppPassword } from "./app-passwords.ts";
import {
  appPasswordInput,
  appPasswordList,
  appPasswordParam,
  newAppPasswordBody,
  toAppPasswordBody,
} from "./schemas.ts";

const path = "/api/v1/mailboxes/{mailboxId}/app-passwords";
const tags = ["mailboxes"];

// Who opens the box is a fact of the database, and no role's.
const createAppPasswordRoute = operation("everybody", {
  operationId: "createAppPassword",
  method: "post",
  path,
  tags,
  summary: "Gives oneself a password for a mail program, shown this once; a repetition makes another one",
  params: mailboxParam,
  body: appPasswordInput,
  responses: { 201: answer("Given", newAppPasswordBody) },
  problems: [
    "mailbox-not-found",
    "mailbox-read-only",
    "app-password-beyond-right",
    "app-passwords-not-allowed",
    "app-passwords-too-many",
  ],
});
const listRoute = operation("app-password.read", {
  operationId: "listAppPasswords",
  method: "get",
  path,
  tags,
  summary: "One's own app passwords of a mailbox; to who runs its structure, everybody's",
  params: mailboxParam,
  responses: { 200: answer("Newest first, without those revoked", appPasswordList) },
  problems: ["mailbox-not-found"],
});
const revokeRoute = operation("app-password.revoke", {
  operationId: "revokeAppPassword",
  method: "delete",
  path: `${path}/{appPasswordId}`,
  tags,
  summary: "Ends an app password for good, and what is connected with it",
  params: appPasswordParam,
  responses: { 204: { description: "Revoked, or was so already" } },
  problems: ["mailbox-not-found", "app-password-not-found"],
});

/** @param longestDays longest life of an app password */
export function appPasswordRoutes(longestDays: number): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(createAppPasswordRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const { expiresAt, ...input } = c.req.valid("json");
    const ctx = contextOf(c);
    const given = await createAppPassword(ctx, {
      mailboxId,
      ...input,
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    }, longestDays);
    // Nobody keeps this answer: neither a cache nor the Idempotency-Key.
    c.header("cache-control", "no-store");
    const { row, secret: password } = given;
    return c.json({ ...toAppPasswordBody(row, ctx.now()), address: row.address, password }, 201);
  });

  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    const rows = await readAppPasswords(ctx, c.req.valid("param").mailboxId);
    return c.json({ items: rows.map((row) => toAppPasswordBody(row, ctx.now())) }, 200);
  });

  routes.openapi(revokeRoute, async (c) => {
    await revokeAppPassword(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
