/** What a person may know and decide about the data held on him: the charter, his consents, his archives. */
import { ApiProblem, toApiProblem } from "#lib/api/api-problem.ts";
import type { components } from "#lib/api/generated/api.ts";

type Schemas = components["schemas"];
export type CurrentCharter = Schemas["CurrentCharter"];
export type Charter = Schemas["Charter"];
export type Consent = Schemas["ConsentList"]["items"][number];
export type Archive = Schemas["Export"];

/** Throws ApiProblem, as all here. */
export async function fetchCharter(send: typeof fetch): Promise<CurrentCharter> {
  return await (await ask(send, "/api/v1/privacy/charter")).json() as CurrentCharter;
}

export async function acceptCharter(send: typeof fetch, charterId: string, key: string): Promise<void> {
  await post(send, "/api/v1/privacy/charter/acceptance", { charterId }, key);
}

export async function fetchConsents(send: typeof fetch): Promise<readonly Consent[]> {
  const response = await ask(send, "/api/v1/privacy/consents");
  return (await response.json() as Schemas["ConsentList"]).items;
}

/** Gives or withdraws one; all of them come back as they are then. */
export async function decideConsent(
  send: typeof fetch,
  purpose: Consent["purpose"],
  isGiven: boolean,
): Promise<readonly Consent[]> {
  const response = await post(send, "/api/v1/privacy/consents", { purpose, isGiven }, crypto.randomUUID());
  return (await response.json() as Schemas["ConsentList"]).items;
}

/** The archives asked for, the newest first. */
export async function fetchArchives(send: typeof fetch): Promise<readonly Archive[]> {
  const response = await ask(send, "/api/v1/privacy/exports");
  return (await response.json() as Schemas["ExportList"]).items;
}

/** Repeated with the same `key`, one archive is made. */
export async function requestArchive(
  send: typeof fetch,
  includeMail: boolean,
  key: string,
): Promise<Archive> {
  return await (await post(send, "/api/v1/privacy/exports", { includeMail }, key)).json() as Archive;
}

export function archivePath({ id }: Archive): string {
  return `/api/v1/privacy/exports/${id}/archive`;
}

export function isBeingMade({ status }: Archive): boolean {
  return status === "queued" || status === "running";
}

/** Ready, and not past its time: the API says « ready » until the worker has deleted it. */
export function isThere({ status, expiresAt }: Archive, now: number): boolean {
  return status === "ready" && (expiresAt === null || Date.parse(expiresAt) > now);
}

async function post(send: typeof fetch, path: string, body: object, key: string): Promise<Response> {
  return await ask(send, path, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });
}

/** Not that of openings.ts: a file that two chunks share stands, by its name, in the script that reads the first mail. */
async function ask(send: typeof fetch, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { accept: "application/json", ...init.headers };
  const response = await send(path, { ...init, headers }).catch((cause: unknown) => {
    throw new ApiProblem("offline", 0, cause);
  });
  if (!response.ok) throw await toApiProblem(response);
  return response;
}
