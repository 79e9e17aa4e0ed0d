/** Where a person is signed in: his sessions in browsers, and the programs and devices that have a password of their own. */
import { ApiProblem, toApiProblem } from "#lib/api/api-problem.ts";
import type { components } from "#lib/api/generated/api.ts";
import { problemText } from "#lib/api/problems.ts";
import { m } from "#lib/i18n/generated/messages.js";

type Schemas = components["schemas"];
export type OwnSession = Schemas["OwnSessionList"]["items"][number];
export type AppPassword = Schemas["AppPassword"];
export type GivenAppPassword = Schemas["GivenAppPassword"];
export type Scope = AppPassword["scopes"][number];
export type ClientService = Schemas["ClientSettings"]["services"][number];

/** Last used first. Throws ApiProblem, as all here. */
export async function fetchSessions(send: typeof fetch): Promise<readonly OwnSession[]> {
  return (await read<Schemas["OwnSessionList"]>(send, "/api/v1/sessions")).items;
}

export async function endSession(send: typeof fetch, id: string): Promise<void> {
  await ask(send, `/api/v1/sessions/${id}`, { method: "DELETE" });
}

export async function endOtherSessions(send: typeof fetch): Promise<void> {
  await ask(send, "/api/v1/sessions/ending", {
    method: "POST",
    headers: { "idempotency-key": crypto.randomUUID() },
  });
}

export async function fetchDevices(send: typeof fetch, mailboxId: string): Promise<readonly AppPassword[]> {
  return (await read<Schemas["AppPasswordList"]>(send, `/api/v1/mailboxes/${mailboxId}/app-passwords`)).items;
}

/** The secret is in this answer and nowhere else. */
export async function addDevice(
  send: typeof fetch,
  mailboxId: string,
  wish: { readonly device: string; readonly scopes: readonly Scope[] },
  key: string,
): Promise<GivenAppPassword> {
  const response = await ask(send, `/api/v1/mailboxes/${mailboxId}/app-passwords`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(wish),
  });
  return await response.json() as GivenAppPassword;
}

export async function removeDevice(send: typeof fetch, mailboxId: string, id: string): Promise<void> {
  await ask(send, `/api/v1/mailboxes/${mailboxId}/app-passwords/${id}`, { method: "DELETE" });
}

/** In the order in which a program should try. */
export async function fetchClientSettings(send: typeof fetch): Promise<readonly ClientService[]> {
  return (await read<Schemas["ClientSettings"]>(send, "/api/v1/client-settings")).services;
}

export function appleProfilePath(mailboxId: string): string {
  return `/api/v1/mailboxes/${mailboxId}/apple-profile`;
}

/** Why something did not happen, in words. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiProblem && error.slug !== "offline"
    ? problemText(error.slug).text()
    : m.access_failed();
}

export async function read<T>(send: typeof fetch, path: string): Promise<T> {
  return await (await ask(send, path)).json() as T;
}

/** Not that of my-data.ts: a file that two chunks share stands, by its name, in the script that reads the first mail. */
export async function ask(send: typeof fetch, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { accept: "application/json", ...init.headers };
  const response = await send(path, { ...init, headers }).catch((cause: unknown) => {
    throw new ApiProblem("offline", 0, cause);
  });
  if (!response.ok) throw await toApiProblem(response);
  return response;
}
