/**
 * Signature and content of a list, read in one go. Verifying the real list takes seconds of one core (the library looks
 * for the signed element among all of them), so a large one is read in a thread of its own: the jobs beside go on, and a
 * file made to be slow is given up.
 */

import { parseWhiteList, type WhiteList } from "./parse.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { verifySignature } from "./verify-signature.ts";
import { X509Certificate } from "./x509.ts";

/** What can pass between two threads. */
export type ReadAnswer = Refusal | {
  readonly ok: true;
  /** DER. */
  readonly signer: ArrayBuffer;
  readonly content: { readonly ok: true; readonly list: WhiteList } | Refusal;
};

export interface ReadList {
  readonly ok: true;
  readonly signer: X509Certificate;
  /** The content, judged after the signer: who signed matters before what was signed. */
  readonly content: { readonly ok: true; readonly list: WhiteList } | Refusal;
}

/** Below this size the thread would cost more than the reading. */
const smallBytes = 256 * 1024;
const timeoutMilliseconds = 120_000;

/** Reads a list, in a thread of its own when it is large. */
export async function readList(bytes: Uint8Array): Promise<ReadList | Refusal> {
  const answer = bytes.byteLength < smallBytes ? readHere(bytes) : await readApart(bytes);
  return answer.ok ? { ...answer, signer: new X509Certificate(answer.signer) } : answer;
}

/** Reads a list in this thread. */
export function readHere(bytes: Uint8Array): ReadAnswer {
  const signature = verifySignature(bytes);
  if (!signature.ok) return signature;
  return { ok: true, signer: signature.signer.rawData, content: parseWhiteList(signature.signedXml) };
}

async function readApart(bytes: Uint8Array): Promise<ReadAnswer> {
  const thread = new Worker(new URL("./read-list-thread.ts", import.meta.url), { type: "module" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<ReadAnswer>((resolve, reject) => {
      timer = setTimeout(() => resolve(refuse("list-unreadable", "took too long")), timeoutMilliseconds);
      thread.onmessage = ({ data }: MessageEvent<ReadAnswer>) => resolve(data);
      thread.onerror = (event) => {
        event.preventDefault(); // else the failure of the thread would end the process
        reject(
          new Error("The thread that reads the white list failed.", { cause: event.error ?? event.message }),
        );
      };
      thread.postMessage(bytes);
    });
  } finally {
    clearTimeout(timer);
    thread.terminate();
  }
}
