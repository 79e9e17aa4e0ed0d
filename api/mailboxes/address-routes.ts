import type { OpenAPIHono } from "@hono/zod-openapi";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  bodilessProblems,
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
import { addAlias } from "./add-alias.ts";
import {
  addressSuggestions,
  aliasInput,
  aliasParam,
  mailboxBody,
  mailboxParam,
  suggestionQuery,
  toMailboxBody,
} from "./schemas.ts";
import { removeAlias } from "./remove-alias.ts";
import { suggestAddresses } from "./suggest-address.ts";

const addRoute = createRoute({
  operationId: "addMailboxAlias",
  ...requires("mailbox-alias.add"),
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/aliases",
  tags: ["mailboxes"],
  summary: "A further address at which the mailbox receives and from which it may write",
  request: {
    params: mailboxParam,
    headers: idempotencyHeader.extend(ifMatchHeader.shape),
    body: { required: true, content: json(aliasInput) },
  },
  responses: {
    201: {
      description: "The mailbox with its addresses",
      headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
      content: json(mailboxBody),
    },
    ...problemResponses(
      ...repeatableProblems,
      "mailbox-not-found",
      "mailbox-closing",
      "mailbox-closed",
      "mailbox-domain-foreign",
      "mailbox-address-taken",
      "alias-limit-reached",
      "structure-suspended",
      "structure-closed",
      "version-mismatch",
    ),
  },
});
const removeRoute = createRoute({
  operationId: "removeMailboxAlias",
  ...requires("mailbox-alias.remove"),
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/aliases/{address}",
  tags: ["mailboxes"],
  summary: "Closes an alias: nobody is ever given its address again",
  request: { params: aliasParam, headers: ifMatchHeader },
  responses: {
    204: { description: "Closed" },
    ...problemResponses(
      ...bodilessProblems,
      "mailbox-not-found",
      "mailbox-closing",
      "mailbox-closed",
      "alias-not-found",
      "version-mismatch",
    ),
  },
});
const suggestRoute = createRoute({
  operationId: "suggestAddresses",
  ...requires("mailbox.create"),
  method: "get",
  path: "/api/v1/address-suggestions",
  tags: ["mailboxes"],
  summary: "Free addresses for a person of this name in a domain",
  request: { query: suggestionQuery },
  responses: {
    200: { description: "The best first", content: json(addressSuggestions) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "domain-not-found"),
  },
});

export function addressRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(addRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const mailbox = await addAlias(contextOf(c), { mailboxId, ifVersion, ...c.req.valid("json") });
    c.header("etag", etag(mailbox.version));
    return c.json(toMailboxBody(mailbox), 201);
  });

  routes.openapi(removeRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    await removeAlias(contextOf(c), { ...c.req.valid("param"), ifVersion });
    return c.body(null, 204);
  });

  routes.openapi(suggestRoute, async (c) => {
    const { addresses, isHomonym } = await suggestAddresses(contextOf(c), c.req.valid("query"));
    return c.json({ addresses: [...addresses], isHomonym }, 200);
  });

  return routes;
}
