/** What mail clients ask before anybody has signed in, and what people are shown to set one up. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import type { AppDeps, Context } from "../context.ts";
import { inStructure, inSystem } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { authorise, listOpenableMailboxes, requirePerson } from "../identity/mod.ts";
import { mailboxParam } from "../mailboxes/mod.ts";
import { problem } from "../problems.ts";
import { domainParam, getDomain, getStructure } from "../tenancy/mod.ts";
import { toAppleProfile } from "./apple-profile.ts";
import { askedDomain, domainOfAddress } from "./asked-domain.ts";
import { toAutoconfig } from "./autoconfig.ts";
import { readAutodiscover, toAutodiscover } from "./autodiscover.ts";
import { listServices } from "./client-access.ts";
import { listDnsRecords } from "./dns-records.ts";
import { isHostedDomain } from "./queries.ts";
import { clientSettingsBody, dnsRecordList } from "./schemas.ts";

/** Where the files stand by their own specifications. */
export const publicPaths = [
  "/mail/config-v1.1.xml",
  "/.well-known/autoconfig/mail/config-v1.1.xml",
  "/autodiscover/autodiscover.xml",
  "/Autodiscover/Autodiscover.xml",
  "/AutoDiscover/AutoDiscover.xml",
] as const;
const [, , ...autodiscoverPaths] = publicPaths;

const settingsRoute = operation("everybody", {
  operationId: "readClientSettings",
  method: "get",
  path: "/api/v1/client-settings",
  tags: ["mail clients"],
  summary: "Where a standard mail client reaches every box",
  responses: { 200: answer("The same for everybody; the login is the box's address", clientSettingsBody) },
});
const profileRoute = operation("everybody", {
  operationId: "readAppleProfile",
  method: "get",
  path: "/api/v1/mailboxes/{mailboxId}/apple-profile",
  tags: ["mail clients"],
  summary: "A profile that sets a box up on Apple's devices, without its password",
  params: mailboxParam,
  responses: {
    200: {
      description: "For whoever opens the box",
      content: { "application/x-apple-aspen-config": { schema: { type: "string" as const } } },
    },
  },
  problems: ["forbidden", "mailbox-not-found"],
});
const recordsRoute = operation("domain.read", {
  operationId: "listDomainDnsRecords",
  method: "get",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/dns-records",
  tags: ["domains"],
  summary: "What the domain publishes so that mail clients find the platform by themselves",
  params: domainParam,
  responses: { 200: answer("All of them", dnsRecordList) },
  problems: ["forbidden", "structure-not-found", "domain-not-found"],
});

export function autoconfigurationRoutes({ config }: AppDeps): OpenAPIHono<ApiEnv> {
  const { clients, baseUrl } = config;
  const web = new URL(baseUrl);
  const routes = createRoutes();

  for (const path of publicPaths.slice(0, 2)) {
    routes.get(path, async (c) => {
      const hostname = new URL(c.req.url).hostname;
      const domain = await requireHosted(contextOf(c), askedDomain(hostname, c.req.query("emailaddress")));
      c.header("cache-control", "public, max-age=3600");
      return c.body(toAutoconfig(domain, clients), 200, { "content-type": "text/xml; charset=utf-8" });
    });
  }
  for (const path of autodiscoverPaths) {
    routes.post(path, bodyLimit({ maxSize: longestRequest, onError: () => tooLarge() }), async (c) => {
      const address = readAutodiscover(await c.req.text());
      if (address === undefined) throw problem("not-found");
      await requireHosted(contextOf(c), domainOfAddress(address));
      c.header("cache-control", "no-store");
      return c.body(toAutodiscover(address, clients), 200, { "content-type": "text/xml; charset=utf-8" });
    });
  }

  routes.openapi(settingsRoute, (c) => c.json({ services: [...listServices(clients)] }, 200));

  routes.openapi(profileRoute, async (c) => {
    const ctx = contextOf(c);
    const { mailboxId } = c.req.valid("param");
    const boxes = await listOpenableMailboxes(ctx, requirePerson(ctx).personId);
    const box = boxes.find(({ id }) => id === mailboxId);
    if (box === undefined) throw problem("mailbox-not-found");
    c.header("cache-control", "no-store");
    c.header("content-disposition", 'attachment; filename="mssante.mobileconfig"');
    return c.body(toAppleProfile(box, clients), 200, { "content-type": "application/x-apple-aspen-config" });
  });

  routes.openapi(recordsRoute, async (c) => {
    const ctx = contextOf(c);
    const { structureId, domainId } = c.req.valid("param");
    authorise(ctx, "domain.read", { structureId });
    const { name } = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await getDomain(tx, structureId, domainId);
    });
    return c.json({ items: [...listDnsRecords(name, clients, web)] }, 200);
  });

  return routes;
}

/** Throws `not-found` for whatever is not a hosted domain, as for a page that does not exist. */
async function requireHosted(ctx: Context, domain: string | undefined): Promise<string> {
  if (domain === undefined) throw problem("not-found");
  if (!await inSystem(ctx, (tx) => isHostedDomain(tx, domain))) throw problem("not-found");
  return domain;
}

/** Bytes of a request of autodiscover. */
const longestRequest = 16_384;

function tooLarge(): never {
  throw problem("request-too-large", { limitBytes: longestRequest });
}
