/** Where a box's blobs are at the mail server: the URL templates of its session object (RFC 8620 §2, RFC 6570 level 1). */
import type { Box } from "./accounts.ts";
import type { Upstream } from "./upstream.ts";

function expand(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

export function uploadTarget(upstream: Upstream, box: Box): URL {
  return upstream.locate(expand(box.session.uploadUrl, { accountId: box.session.accountId }));
}

/** @param type what the mail server is asked to answer as Content-Type */
export function blobUrl(upstream: Upstream, box: Box, blobId: string, type: string): URL {
  return upstream.locate(
    expand(box.session.downloadUrl, { accountId: box.session.accountId, blobId, name: "blob", type }),
  );
}

export function eventSourceTarget(upstream: Upstream, box: Box, pingSeconds: number): URL {
  return upstream.locate(
    expand(box.session.eventSourceUrl, { types: "*", closeafter: "no", ping: `${pingSeconds}` }),
  );
}
