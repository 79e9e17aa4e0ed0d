/** The API's document, its pages (swagger-ui, from our own origin: no CDN) and the pages of the problems. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Hono } from "hono";
import { catalogue, problem, type Slug } from "../problems.ts";
import type { ApiEnv } from "./openapi.ts";

/** The OpenAPI 3.1 document of everything that is mounted. */
export function openApiDocument(app: OpenAPIHono<ApiEnv>, baseUrl: string) {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Messagerie sécurisée de santé",
      version: "1.0.0",
      description:
        "Structures, domains and mailboxes of an MSSanté operator. Errors are application/problem+json (RFC 9457); their " +
        "types resolve to pages. Lists are paged by cursor. A POST may carry an Idempotency-Key: repeating it gives the " +
        "first answer again. JMAP (/jmap) is described by RFC 8620 and RFC 8621.",
    },
    servers: [{ url: baseUrl }],
    security: [{ session: [] }, { serviceKey: [] }],
  });
}

const packages = createRequire(import.meta.url);
const assets: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
};

export function docsRoutes(document: () => unknown) {
  const routes = new Hono<ApiEnv>();
  routes.get("/api/v1/openapi.json", (c) => c.json(document() as object));
  routes.get("/api/docs", (c) => c.html(docsPage));
  routes.get(
    "/api/docs/start.js",
    (c) => c.body(docsScript, 200, { "content-type": "text/javascript; charset=utf-8" }),
  );
  routes.get("/api/docs/:file", (c) => {
    const type = assets[c.req.param("file")];
    if (type === undefined) throw problem("not-found");
    const path = packages.resolve(`swagger-ui-dist/${c.req.param("file")}`);
    return c.body(readFileSync(path, "utf8"), 200, {
      "content-type": type,
      "cache-control": "public, max-age=86400",
    });
  });
  routes.get("/problems", (c) => c.html(listPage()));
  routes.get("/problems/:slug", (c) => {
    const slug = c.req.param("slug");
    if (!Object.hasOwn(catalogue, slug)) throw problem("not-found");
    return c.html(problemPage(slug as Slug));
  });
  return routes;
}

const docsPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="docs"></div><script src="/api/docs/swagger-ui-bundle.js"></script><script src="/api/docs/start.js"></script></body></html>`;
const docsScript =
  `SwaggerUIBundle({ url: "/api/v1/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });`;

function listPage(): string {
  const rows = Object.entries(catalogue).map(([slug, { status, title }]) =>
    `<tr><td><a href="/problems/${slug}">${slug}</a></td><td>${status}</td><td>${title}</td></tr>`
  );
  return html("Problems", `<h1>Problems</h1><table>${rows.join("")}</table>`);
}

/** Nothing here comes from a request: the catalogue's own words. */
function problemPage(slug: Slug): string {
  const spec: { status: number; title: string; about: string; shows?: readonly string[] } = catalogue[slug];
  const shows = spec.shows === undefined
    ? ""
    : `<p>Also holds: ${spec.shows.map((one) => `<code>${one}</code>`).join(", ")}</p>`;
  return html(
    spec.title,
    `<h1>${spec.title}</h1><p><code>${slug}</code>, HTTP ${spec.status}</p><p>${spec.about}</p>${shows}`,
  );
}

function html(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>body{font:1rem/1.5 system-ui;max-width:45rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem .8rem .2rem 0}</style>
</head><body>${body}</body></html>`;
}
