import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { etag, versionOf } from "../http/version.ts";
import { structureParam } from "../tenancy/mod.ts";
import {
  changeClientCertificate,
  readClientCertificates,
  registerClientCertificate,
  withdrawClientCertificate,
} from "./client-certificates.ts";
import {
  certificateBody,
  certificateChange,
  certificateInput,
  certificateList,
  certificateParam,
  toCertificateBody,
} from "./schemas.ts";

const path = "/api/v1/structures/{structureId}/client-certificates";
const tags = ["client certificates"];
const missing = ["structure-not-found", "client-certificate-not-found"] as const;

const registerRoute = operation("client-certificate.create", {
  operationId: "registerClientCertificate",
  method: "post",
  path,
  tags,
  summary: "Registers a certificate with which software opens mailboxes (APP) over IMAP and submission",
  params: structureParam,
  body: certificateInput,
  responses: { 201: versionedAnswer("Registered", certificateBody) },
  problems: ["structure-not-found", "structure-suspended", "structure-closed", "client-certificate-exists"],
});
const listRoute = operation("client-certificate.read", {
  operationId: "listClientCertificates",
  method: "get",
  path,
  tags,
  summary: "Certificates of the structure's software",
  params: structureParam,
  responses: { 200: answer("By label, those withdrawn last", certificateList) },
  problems: ["forbidden", "structure-not-found"],
});
const changeRoute = operation("client-certificate.change", {
  operationId: "changeClientCertificate",
  method: "patch",
  path: `${path}/{certificateId}`,
  tags,
  summary: "Changes which mailboxes a certificate opens, or its label",
  params: certificateParam,
  body: certificateChange,
  isVersioned: true,
  responses: { 200: versionedAnswer("Changed", certificateBody) },
  problems: [...missing, "client-certificate-withdrawn"],
});
const withdrawRoute = operation("client-certificate.withdraw", {
  operationId: "withdrawClientCertificate",
  method: "delete",
  path: `${path}/{certificateId}`,
  tags,
  summary: "Withdraws a certificate for good, and ends what is connected with it",
  params: certificateParam,
  responses: { 204: { description: "Withdrawn, or was so already" } },
  problems: missing,
});

export function clientCertificateRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(registerRoute, async (c) => {
    const ctx = contextOf(c);
    const { structureId } = c.req.valid("param");
    const row = await registerClientCertificate(ctx, { structureId, ...c.req.valid("json") });
    c.header("etag", etag(row.version));
    return c.json(toCertificateBody(row, ctx.now()), 201);
  });

  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    const rows = await readClientCertificates(ctx, c.req.valid("param").structureId);
    return c.json({ items: rows.map((row) => toCertificateBody(row, ctx.now())) }, 200);
  });

  routes.openapi(changeRoute, async (c) => {
    const ctx = contextOf(c);
    const row = await changeClientCertificate(ctx, {
      ...c.req.valid("param"),
      ...c.req.valid("json"),
      ifVersion: versionOf(c.req.valid("header")["if-match"]),
    });
    c.header("etag", etag(row.version));
    return c.json(toCertificateBody(row, ctx.now()), 200);
  });

  routes.openapi(withdrawRoute, async (c) => {
    await withdrawClientCertificate(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
