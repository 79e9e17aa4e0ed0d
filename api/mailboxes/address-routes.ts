import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { etag, versionOf } from "../http/version.ts";
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

const addRoute = operation("mailbox-alias.add", {
  operationId: "addMailboxAlias",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/aliases",
  tags: ["mailboxes"],
  summary: "A further address at which the mailbox receives and from which it may write",
  params: mailboxParam,
  body: aliasInput,
  isVersioned: true,
  responses: { 201: versionedAnswer("The mailbox with its addresses", mailboxBody) },
  problems: [
    "mailbox-not-found",
    "mailbox-closing",
    "mailbox-closed",
    "mailbox-domain-foreign",
    "mailbox-address-taken",
    "alias-limit-reached",
    "structure-suspended",
    "structure-closed",
  ],
});
const removeRoute = operation("mailbox-alias.remove", {
  operationId: "removeMailboxAlias",
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/aliases/{address}",
  tags: ["mailboxes"],
  summary: "Closes an alias: nobody is ever given its address again",
  params: aliasParam,
  isVersioned: true,
  responses: { 204: { description: "Closed" } },
  problems: ["mailbox-not-found", "mailbox-closing", "mailbox-closed", "alias-not-found"],
});
const suggestRoute = operation("mailbox.create", {
  operationId: "suggestAddresses",
  method: "get",
  path: "/api/v1/address-suggestions",
  tags: ["mailboxes"],
  summary: "Free addresses for a person of this name in a domain",
  query: suggestionQuery,
  responses: { 200: answer("The best first", addressSuggestions) },
  problems: ["forbidden", "domain-not-found"],
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
