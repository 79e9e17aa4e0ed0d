/** Fetches the white list and its authority's revocation list, and imports what is new. The worker runs it hourly. */

import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { type ImportOutcome, importWhiteList, recordFailedDownload } from "./import.ts";
import { findListInForce } from "./queries.ts";
import { maximumBytes } from "./verify-signature.ts";
import { readAuthorities, readCrls } from "./verify-signer.ts";
import type { X509Crl } from "./x509.ts";

export interface RefreshSettings {
  readonly url: string;
  readonly crlUrl: string;
  /** Content of the trust file: PEM of the authorities that may sign. */
  readonly trustPem: string;
  /** Common name of the signer, alb.mssante.fr at the ANS. */
  readonly signerName: string;
  /** For one download, the whole of it. */
  readonly timeoutMilliseconds?: number;
  /** A list older than this is reported in the log: the publisher, or our way to it, has stopped. */
  readonly staleAfterDays?: number;
  /** The real server's TLS certificate is IGC-Santé's: the caller may give a client that trusts it. */
  readonly fetch?: typeof fetch;
}

export interface RefreshOutcome {
  readonly outcome: ImportOutcome;
  /** True when trying again soon may help: a server was away, or no revocation list could be had. */
  readonly isTransient: boolean;
}

const transient = new Set(["server-unreachable", "server-error", "revocation-unknown", "list-truncated"]);
const maximumCrlBytes = 16 * 1024 * 1024;
const defaultTimeoutMilliseconds = 60_000;
/** No rule says how often the list must change; in practice it does every few days. */
export const defaultStaleAfterDays = 30;

type Download =
  | {
    readonly kind: "body";
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly validators: Record<string, string>;
  }
  | { readonly kind: "not-modified" }
  | {
    readonly kind: "failed";
    readonly reason: "server-unreachable" | "server-error" | "list-too-large";
    detail: string;
  };

/**
 * Makes the job. It remembers, in memory only, the validators of the last list that was taken, and asks for a newer one
 * than that; after a refusal it asks for the whole list again, since the doubt may have been elsewhere (an authority's
 * revocation list that was away). Throws when the trust file holds no certificate.
 */
export function createWhiteListRefresh(settings: RefreshSettings): (ctx: Context) => Promise<RefreshOutcome> {
  const authorities = readAuthorities(settings.trustPem);
  let validators: Record<string, string> = {};
  return async (ctx) => {
    const list = await download(settings, settings.url, maximumBytes, validators);
    if (list.kind === "not-modified") return await toOutcome(ctx, settings, { kind: "unchanged" });
    if (list.kind === "failed") {
      validators = {};
      return await toOutcome(ctx, settings, await recordFailedDownload(ctx, list.reason, list.detail));
    }
    const crls = await downloadCrls(settings, ctx);
    const { signerName } = settings;
    const outcome = await importWhiteList(ctx, { bytes: list.bytes, authorities, crls, signerName });
    validators = outcome.kind === "refused" ? {} : list.validators;
    return await toOutcome(ctx, settings, outcome);
  };
}

async function toOutcome(
  ctx: Context,
  settings: RefreshSettings,
  outcome: ImportOutcome,
): Promise<RefreshOutcome> {
  const list = await inSystem(ctx, findListInForce);
  const ageDays = list === undefined
    ? Infinity
    : (ctx.now().getTime() - list.generatedAt.getTime()) / 86_400_000;
  if (ageDays > (settings.staleAfterDays ?? defaultStaleAfterDays)) {
    ctx.log.warn("white-list.stale", { generatedAt: list?.generatedAt.toISOString() ?? null });
  }
  return { outcome, isTransient: outcome.kind === "refused" && transient.has(outcome.reason) };
}

/** Without a CRL the import itself refuses a new list; an unreachable CRL does not hide a list that is already in force. */
async function downloadCrls(settings: RefreshSettings, ctx: Context): Promise<X509Crl[]> {
  const crl = await download(settings, settings.crlUrl, maximumCrlBytes, {});
  if (crl.kind === "body") return readCrls(crl.bytes);
  ctx.log.warn(
    "white-list.crl-unavailable",
    crl.kind === "failed" ? { reason: crl.reason, detail: crl.detail } : {},
  );
  return [];
}

async function download(
  settings: RefreshSettings,
  url: string,
  limitBytes: number,
  validators: Record<string, string>,
): Promise<Download> {
  const signal = AbortSignal.timeout(settings.timeoutMilliseconds ?? defaultTimeoutMilliseconds);
  try {
    const response = await (settings.fetch ?? fetch)(url, { headers: validators, signal });
    if (response.status === 304) {
      await response.body?.cancel();
      return { kind: "not-modified" };
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      return { kind: "failed", reason: "server-error", detail: `status ${response.status}` };
    }
    const bytes = await readLimited(response, limitBytes);
    if (bytes === undefined) {
      return { kind: "failed", reason: "list-too-large", detail: `over ${limitBytes} bytes` };
    }
    return { kind: "body", bytes, validators: validatorsOf(response) };
  } catch (error) {
    // Only the kind of failure: a message may hold the address with what an operator put in it.
    return {
      kind: "failed",
      reason: "server-unreachable",
      detail: error instanceof Error ? error.name : "error",
    };
  }
}

function validatorsOf(response: Response): Record<string, string> {
  const etag = response.headers.get("etag");
  const modified = response.headers.get("last-modified");
  return { ...(etag && { "if-none-match": etag }), ...(modified && { "if-modified-since": modified }) };
}

async function readLimited(
  response: Response,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > limitBytes) return undefined; // leaving the loop cancels the body
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.byteLength;
  }
  return bytes;
}
