import type { OpenAPIHono } from "@hono/zod-openapi";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  bodilessProblems,
  changeProblems,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
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
const answer = (description: string) => ({
  description,
  headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
  content: json(certificateBody),
});

const registerRoute = createRoute({
  ...requires("client-certificate.create"),
  operationId: "registerClientCertificate",
  method: "post",
  path,
  tags,
  summary: "Registers a certificate with which software opens mailboxes (APP) over IMAP and submission",
  request: {
    params: structureParam,
    headers: idempotencyHeader,
    body: { required: true, content: json(certificateInput) },
  },
  responses: {
    201: answer("Registered"),
    ...problemResponses(
      ...repeatableProblems,
      "structure-not-found",
      "structure-suspended",
      "structure-closed",
      "client-certificate-exists",
    ),
  },
});
const listRoute = createRoute({
  ...requires("client-certificate.read"),
  operationId: "listClientCertificates",
  method: "get",
  path,
  tags,
  summary: "Certificates of the structure's software",
  request: { params: structureParam },
  responses: {
    200: { description: "By label, those withdrawn last", content: json(certificateList) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "structure-not-found"),
  },
});
const changeRoute = createRoute({
  ...requires("client-certificate.change"),
  operationId: "changeClientCertificate",
  method: "patch",
  path: `${path}/{certificateId}`,
  tags,
  summary: "Changes which mailboxes a certificate opens, or its label",
  request: {
    params: certificateParam,
    headers: ifMatchHeader,
    body: { required: true, content: json(certificateChange) },
  },
  responses: {
    200: answer("Changed"),
    ...problemResponses(...changeProblems, ...missing, "client-certificate-withdrawn", "version-mismatch"),
  },
});
const withdrawRoute = createRoute({
  ...requires("client-certificate.withdraw"),
  operationId: "withdrawClientCertificate",
  method: "delete",
  path: `${path}/{certificateId}`,
  tags,
  summary: "Withdraws a certificate for good, and ends what is connected with it",
  request: { params: certificateParam },
  responses: {
    204: { description: "Withdrawn, or was so already" },
    ...problemResponses(...bodilessProblems, ...missing),
  },
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
