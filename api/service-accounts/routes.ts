import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes, z } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, pageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { invalidRequest } from "../problems.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { changeServiceAccount } from "./change-account.ts";
import { createServiceAccount } from "./create-account.ts";
import { createKey, revokeKey } from "./keys.ts";
import { getServiceAccount, listServiceAccounts } from "./queries.ts";
import { revokeServiceAccount } from "./revoke-account.ts";
import {
  accountBody,
  accountChange,
  accountInput,
  accountPage,
  accountParam,
  accountQuery,
  keyInput,
  keyParam,
  newKeyBody,
  toAccountBody,
  toKeyBody,
} from "./schemas.ts";

const path = "/api/v1/structures/{structureId}/service-accounts";
const tags = ["service accounts"];
const missing = ["structure-not-found", "service-account-not-found"] as const;

const listRoute = operation("service-account.read", {
  operationId: "listServiceAccounts",
  method: "get",
  path,
  tags,
  summary: "Service accounts of the structure, by name",
  params: structureParam,
  query: accountQuery,
  responses: { 200: answer("A page", accountPage) },
  problems: ["forbidden", "structure-not-found"],
});
const createAccountRoute = operation("service-account.create", {
  operationId: "createServiceAccount",
  method: "post",
  path,
  tags,
  summary: "Makes a service account; it needs a key to act",
  params: structureParam,
  body: accountInput,
  responses: { 201: versionedAnswer("Made", accountBody) },
  problems: ["structure-not-found", "structure-suspended", "structure-closed", "service-account-name-taken"],
});
const readRoute = operation("service-account.read", {
  operationId: "readServiceAccount",
  method: "get",
  path: `${path}/{serviceAccountId}`,
  tags,
  summary: "One service account with its keys",
  params: accountParam,
  responses: { 200: versionedAnswer("The account", accountBody) },
  problems: ["forbidden", ...missing],
});
const changeRoute = operation("service-account.change", {
  operationId: "changeServiceAccount",
  method: "patch",
  path: `${path}/{serviceAccountId}`,
  tags,
  summary: "Changes name, scopes or end of a service account",
  params: accountParam,
  body: accountChange,
  isVersioned: true,
  responses: { 200: versionedAnswer("Changed, or was so already", accountBody) },
  problems: [...missing, "service-account-revoked", "service-account-name-taken"],
});
const revokeRoute = operation("service-account.revoke", {
  operationId: "revokeServiceAccount",
  method: "delete",
  path: `${path}/{serviceAccountId}`,
  tags,
  summary: "Revokes a service account and its keys, for good",
  params: accountParam,
  isVersioned: true,
  responses: { 204: { description: "Revoked, or was so already" } },
  problems: missing,
});
const createKeyRoute = operation("service-account-key.create", {
  operationId: "createServiceAccountKey",
  method: "post",
  path: `${path}/{serviceAccountId}/keys`,
  tags,
  summary: "Gives a service account another key, shown this once; a repetition makes another one",
  params: accountParam,
  body: keyInput,
  responses: { 201: answer("Given", newKeyBody) },
  problems: [...missing, "service-account-revoked"],
});
const revokeKeyRoute = operation("service-account-key.revoke", {
  operationId: "revokeServiceAccountKey",
  method: "delete",
  path: `${path}/{serviceAccountId}/keys/{keyId}`,
  tags,
  summary: "Revokes a key",
  params: keyParam,
  responses: { 204: { description: "Revoked, or was so already" } },
  problems: [...missing, "service-account-key-not-found"],
});

const toDate = (text: string | null) => text === null ? null : new Date(text);

export function serviceAccountRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "service-account.read", { structureId });
    const { status, ...query } = c.req.valid("query");
    const request = pageRequest(query, 2);
    if (request.after !== undefined && !z.guid().safeParse(request.after[1]).success) {
      throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
    }
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listServiceAccounts(tx, structureId, request, status);
    });
    return c.json(page(rows, request.limit, (row) => [row.name, row.id], toAccountBody), 200);
  });

  routes.openapi(createAccountRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const { expiresAt, ...input } = c.req.valid("json");
    const account = await createServiceAccount(contextOf(c), {
      structureId,
      ...input,
      expiresAt: toDate(expiresAt),
    });
    c.header("location", `/api/v1/structures/${structureId}/service-accounts/${account.id}`);
    c.header("etag", etag(account.version));
    return c.json(toAccountBody(account), 201);
  });

  routes.openapi(readRoute, async (c) => {
    const { structureId, serviceAccountId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "service-account.read", { structureId });
    const account = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await getServiceAccount(tx, structureId, serviceAccountId);
    });
    c.header("etag", etag(account.version));
    return c.json(toAccountBody(account), 200);
  });

  routes.openapi(changeRoute, async (c) => {
    const { expiresAt, ...change } = c.req.valid("json");
    const account = await changeServiceAccount(contextOf(c), {
      ...c.req.valid("param"),
      ...change,
      expiresAt: expiresAt === undefined ? undefined : toDate(expiresAt),
      ifVersion: versionOf(c.req.valid("header")["if-match"]),
    });
    c.header("etag", etag(account.version));
    return c.json(toAccountBody(account), 200);
  });

  routes.openapi(revokeRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    await revokeServiceAccount(contextOf(c), { ...c.req.valid("param"), ifVersion });
    return c.body(null, 204);
  });

  routes.openapi(createKeyRoute, async (c) => {
    const expiresAt = toDate(c.req.valid("json").expiresAt);
    const { key, secret } = await createKey(contextOf(c), { ...c.req.valid("param"), expiresAt });
    // Nobody keeps this answer: neither a cache nor the Idempotency-Key.
    c.header("cache-control", "no-store");
    return c.json({ ...toKeyBody(key), secret }, 201);
  });

  routes.openapi(revokeKeyRoute, async (c) => {
    await revokeKey(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
