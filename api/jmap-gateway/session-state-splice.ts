/**
 * Puts our `sessionState` into a Response object without parsing it (RFC 8620 §3.4).
 *
 * The member stands at the end of the text at both servers, before `createdIds` if there are any. The bytes
 * `"sessionState":"` cannot come from inside a JSON string, where quotes are escaped, so the last of them outside
 * `createdIds` is the member. Small answers are spliced whole; large ones flow through, with their last bytes held back.
 */

import { Buffer } from "node:buffer";
import type { Exchange } from "./connection-pool.ts";

const key = new TextEncoder().encode('"sessionState":"');
const quote = 0x22;

/** Held back from a stream: room for the member and any creation ids. */
const tailBytes = 256 * 1024;

function lastIndexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  outer: for (let at = bytes.length - wanted.length; at >= 0; at--) {
    if (bytes[at] !== wanted[0]) continue;
    for (let i = 1; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) continue outer;
    return at;
  }
  return -1;
}

/**
 * The bytes with the last `sessionState` replaced; unchanged when there is none. They are changed where they stand when the
 * new one has room there.
 *
 * @param spare how many bytes of the buffer behind them may be written to
 */
export function spliceSessionState(
  bytes: Uint8Array,
  replace: (state: string) => string,
  spare = 0,
): Uint8Array {
  const at = lastIndexOf(bytes, key);
  if (at < 0) return bytes;
  const start = at + key.length;
  const end = bytes.indexOf(quote, start);
  if (end < 0) return bytes;
  const old = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  const state = replace(old);
  const grown = Buffer.byteLength(state) - (end - start);
  if (grown > spare) {
    return Buffer.concat([bytes.subarray(0, start), Buffer.from(state), bytes.subarray(end)]);
  }
  const place = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length + Math.max(grown, 0));
  place.copyWithin(end + grown, end, bytes.length);
  place.write(state, start);
  return place.subarray(0, bytes.length + grown);
}

function spliceStream(
  start: Uint8Array,
  rest: ReadableStream<Uint8Array>,
  replace: (state: string) => string,
) {
  let held = start;
  return rest.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const all = Buffer.concat([held, chunk]);
        const free = Math.max(0, all.length - tailBytes);
        if (free > 0) controller.enqueue(all.subarray(0, free));
        held = all.subarray(free);
      },
      flush(controller) {
        controller.enqueue(spliceSessionState(held, replace));
      },
    }),
  );
}

/** The mail server's answer under our headers and with our session state. */
export function withSessionState(
  { bytes, rest, spare = 0 }: Pick<Exchange, "bytes" | "rest"> & Partial<Pick<Exchange, "spare">>,
  replace: (upstreamState: string) => string,
  headers: HeadersInit,
): Response {
  if (rest === undefined) {
    return new Response(spliceSessionState(bytes, replace, spare) as Uint8Array<ArrayBuffer>, { headers });
  }
  return new Response(spliceStream(bytes, rest, replace), { headers });
}
