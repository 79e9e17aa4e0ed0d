/**
 * Downloads (RFC 8620 §6.2): the bytes flow through, with headers under which nothing of a mail can run in the
 * platform's origin: always an attachment, never sniffed, and sandboxed without any right if shown all the same.
 */
import type { Box } from "./accounts.ts";
import { blobUrl } from "./blob-urls.ts";
import type { Upstream } from "./upstream.ts";

/** Letters, digits and a few marks: what RFC 8187 lets stand bare in `filename*`. */
function extendedValue(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `attachment` with the name twice: ASCII for old programs, UTF-8 for the others. No path, no control characters. */
export function contentDisposition(name: string): string {
  // deno-lint-ignore no-control-regex
  const bare = name.replace(/[\u0000-\u001f\u007f/\\]/g, "_").toWellFormed().slice(0, 200) || "blob";
  const ascii = bare.normalize("NFKD").replace(/[^\x20-\x7e]/g, "").replace(/["%]/g, "_") || "blob";
  return `attachment; filename="${ascii}"; filename*=UTF-8''${extendedValue(bare)}`;
}

const typeAndSubtype = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

/** Headers of every download, whatever the mail server says. */
export function downloadHeaders(type: string, name: string): Headers {
  return new Headers({
    "content-type": typeAndSubtype.test(type) ? type : "application/octet-stream",
    "content-disposition": contentDisposition(name),
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    // Health data on shared workplaces: no copy stays in the browser's cache.
    // Nor is it compressed on the way, which would take the length from the browser's progress bar.
    "cache-control": "private, no-store, no-transform",
  });
}

export interface Download {
  readonly blobId: string;
  readonly name: string;
  /** The media type that the client asks to see. */
  readonly type: string;
}

/** Streams one blob. `undefined` when the box has none of that id (also for one of another box). */
export async function downloadBlob(
  request: Request,
  box: Box,
  wanted: Download,
  upstream: Upstream,
): Promise<Response | undefined> {
  const range = request.headers.get("range");
  // The name is ours to say, in the header: what a sender wrote is no part of a URL on the private network.
  const response = await upstream.fetch(
    box.address,
    blobUrl(upstream, box, wanted.blobId, "application/octet-stream"),
    { headers: range === null ? {} : { range }, signal: request.signal },
  );
  if (response.status !== 200 && response.status !== 206 && response.status !== 416) {
    await response.body?.cancel();
    return undefined;
  }
  const headers = downloadHeaders(wanted.type, wanted.name);
  for (const name of ["content-length", "content-range", "accept-ranges"]) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(response.body, { status: response.status, headers });
}
