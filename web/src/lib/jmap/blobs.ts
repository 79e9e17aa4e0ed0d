/** Upload and download of blobs (RFC 8620 §6). */
import { transportErrorOf } from "./connection.ts";
import { RequestError, TransportError } from "./errors.ts";
import { expandTemplate } from "./session.ts";
import type { Id, Session } from "./types.ts";

export interface UploadedBlob {
  readonly blobId: Id;
  readonly size: number;
  readonly type: string;
}

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Octets sent so far. */
  readonly onProgress: (sentBytes: number) => void;
  /** XMLHttpRequest, the only browser interface that tells the progress of an upload. */
  readonly createRequest?: () => XMLHttpRequest;
}

/** Uploads one file; throws TransportError or RequestError, and AbortError when cancelled. */
export function uploadBlob(
  session: Session,
  accountId: Id,
  file: Blob,
  options: UploadOptions,
): Promise<UploadedBlob> {
  const { promise, resolve, reject } = Promise.withResolvers<UploadedBlob>();
  const request = options.createRequest?.() ?? new XMLHttpRequest();
  const abort = () => request.abort();
  request.open("POST", expandTemplate(session.uploadUrl, { accountId }));
  request.setRequestHeader("content-type", file.type === "" ? "application/octet-stream" : file.type);
  request.responseType = "text";
  request.upload.onprogress = (event) => options.onProgress(event.loaded);
  request.onload = () => {
    if (request.status >= 200 && request.status < 300) {
      resolve(JSON.parse(request.responseText) as UploadedBlob);
    } else if (request.status === 400 || request.status === 413) {
      reject(new RequestError("urn:ietf:params:jmap:error:limit", request.status, "The file is too large."));
    } else reject(transportErrorOf({ status: request.status }));
  };
  request.onerror = () => reject(new TransportError("offline", 0));
  request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
  request.onloadend = () => options.signal.removeEventListener("abort", abort);
  options.signal.addEventListener("abort", abort);
  if (options.signal.aborted) request.abort();
  else request.send(file);
  return promise;
}
