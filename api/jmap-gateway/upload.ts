/**
 * Uploads (RFC 8620 §6.1): the body flows from the browser to the mail server, never held here. The limit is that of the
 * box's server, as announced; a longer body is refused before it is read when it says so, else where it passes it.
 */
import { MailServerUnavailable } from "../mail-server/mod.ts";
import type { Box } from "./accounts.ts";
import { uploadTarget } from "./blob-urls.ts";
import { RequestError } from "./request.ts";
import { maxUploadOf } from "./session.ts";
import type { Upstream } from "./upstream.ts";

function tooLarge(max: number): RequestError {
  return new RequestError("limit", `An upload holds at most ${max} bytes.`, "maxSizeUpload", 413);
}

/** A media type as RFC 9110 §8.3.1 has it; anything else could carry a header of its own. */
const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[^"\\\r\n]*"|[\w!#$&^.+-]+))*$/;

/**
 * Streams one upload to the box. The answer is the mail server's.
 *
 * @throws RequestError over the limit, MailServerUnavailable
 */
export async function uploadBlob(request: Request, box: Box, upstream: Upstream): Promise<Response> {
  const max = maxUploadOf(box);
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > max) throw tooLarge(max);
  let passed = 0;
  let isOver = false;
  const counted = request.body === null || declared !== null ? request.body : request.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        passed += chunk.length;
        if (passed > max) {
          isOver = true;
          throw tooLarge(max);
        }
        controller.enqueue(chunk);
      },
    }),
  );
  const type = request.headers.get("content-type") ?? "";
  let response: Response;
  try {
    response = await upstream.fetch(box.address, uploadTarget(upstream, box), {
      method: "POST",
      headers: {
        "content-type": mediaType.test(type) ? type : "application/octet-stream",
        ...(declared === null ? {} : { "content-length": declared }),
      },
      body: counted ?? new Uint8Array(),
      signal: request.signal,
      // A slow line may take minutes for 25 MB; the client's own disconnect ends it.
      timeoutMs: 0,
    });
  } catch (error) {
    if (isOver) throw tooLarge(max);
    throw error;
  }
  // Small: ids, type and size, or the server's own refusal as a problem document.
  const answer = await response.arrayBuffer().catch((cause) => {
    throw new MailServerUnavailable("The mail server's answer broke off.", { cause });
  });
  return new Response(answer, {
    status: response.status,
    headers: {
      "content-type": response.headers.get("content-type") ?? "application/json",
      "cache-control": "no-store",
    },
  });
}
