import { createHash } from "node:crypto";
import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "./openapi.ts";

/**
 * What the browser is told about every answer but those of `/jmap/*`, which sets its own: a download is not a page.
 *
 * @param scriptHashes CSP sources of the inline scripts that the web's shell holds, e.g. `'sha256-…'`
 */
export function securityHeaders(baseUrl: string, scriptHashes: readonly string[]) {
  const policy = contentSecurityPolicy(scriptHashes);
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next();
    if (c.req.path.startsWith("/jmap/")) return;
    const { headers } = c.res;
    headers.set("x-content-type-options", "nosniff");
    headers.set("referrer-policy", headers.get("referrer-policy") ?? "same-origin");
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set("cross-origin-resource-policy", "same-origin");
    headers.set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", policy);
    if (baseUrl.startsWith("https:")) {
      headers.set("strict-transport-security", "max-age=63072000; includeSubDomains");
    }
  });
}

/**
 * Scripts of our own origin only. Inline styles are permitted because the frame in which a mail is read inherits this
 * policy, and mails are styled inline; it holds no script, and remote images stay blocked by `img-src`.
 */
function contentSecurityPolicy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scriptHashes].join(" "),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "frame-src 'self' blob:",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
}

/** CSP sources of the inline scripts of `html`. */
export function inlineScriptHashes(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)]
    .map((match) => `'sha256-${createHash("sha256").update(match[1] ?? "").digest("base64")}'`);
}
