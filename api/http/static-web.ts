/**
 * The built web (SvelteKit, adapter-static). A file that exists is served; a missing one under `/_app/` is 404, since an
 * old page must notice that it is old; every other address is a page of the web and gets its shell `200.html`.
 */
import { readFileSync } from "node:fs";
import { type Context as HonoContext, Hono } from "hono";
import { serveStatic } from "hono/deno";
import { problem } from "../problems.ts";
import type { ApiEnv } from "./openapi.ts";

export interface StaticWeb {
  readonly routes: Hono<ApiEnv>;
  /** The shell, for the hashes of its inline scripts; empty when there is no web. */
  readonly shell: string;
}

/** @param directory absolute or relative to the working directory; null when only the API is served */
export function staticWeb(directory: string | null): StaticWeb {
  const routes = new Hono<ApiEnv>();
  if (directory === null) return { routes, shell: "" };
  const shell = readFileSync(`${directory}/200.html`, "utf8");
  routes.get(
    "/_app/immutable/*",
    serveStatic({
      root: directory,
      precompressed: true,
      onFound: (_path, c) => c.header("cache-control", "public, max-age=31536000, immutable"),
    }),
  );
  const revalidated = { onFound: (_path: string, c: HonoContext) => c.header("cache-control", "no-cache") };
  routes.get("/_app/*", serveStatic({ root: directory, precompressed: true, ...revalidated }), () => {
    throw problem("not-found");
  });
  routes.get("*", async (c, next) => {
    const { path } = c.req;
    if (/^\/(api|jmap|auth|internal|health|problems)(\/|$)/.test(path) || path.startsWith("/.well-known/")) {
      throw problem("not-found");
    }
    c.header("cache-control", "no-cache");
    // A page of the web has no dot in its last part; only what looks like a file is looked for.
    if (/\.[a-z0-9]+$/i.test(path)) {
      return await serveStatic<ApiEnv>({ root: directory, precompressed: true })(c, next);
    }
    return c.html(shell);
  }, (c) => c.html(shell));
  return { routes, shell };
}
