/** What concerns the holder of a box: who opened it, and whether it is about to be closed since nobody did. */
import { ApiProblem, toApiProblem } from "#lib/api/api-problem.ts";
import type { components } from "#lib/api/generated/api.ts";

export type Opening = components["schemas"]["MailboxOpening"];
export type InactivityNotice = components["schemas"]["InactivityCase"];
export type OpeningPage = components["schemas"]["MailboxOpeningPage"];

/** A page of openings, the newest first. Throws ApiProblem. */
export async function fetchOpenings(
  send: typeof fetch,
  mailboxId: string,
  cursor: string | null,
): Promise<OpeningPage> {
  const search = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const response = await ask(send, `/api/v1/mailboxes/${mailboxId}/openings?limit=50${search}`);
  return await response.json() as OpeningPage;
}

/** The boxes of the person that will be closed unless he says that he keeps them. Throws ApiProblem. */
export async function fetchInactivityNotices(send: typeof fetch): Promise<readonly InactivityNotice[]> {
  const response = await ask(send, "/api/v1/inactivity-notices");
  return (await response.json() as { items: InactivityNotice[] }).items;
}

/** « Je garde ma boîte ». Repeated with the same `key`, it happens once. Throws ApiProblem. */
export async function keepBox(send: typeof fetch, mailboxId: string, key: string): Promise<void> {
  await ask(send, `/api/v1/mailboxes/${mailboxId}/inactivity-objection`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ keep: true }),
  });
}

async function ask(send: typeof fetch, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await send(path, { ...init, headers: { accept: "application/json", ...init.headers } });
  } catch (cause) {
    throw new ApiProblem("offline", 0, cause);
  }
  if (!response.ok) throw await toApiProblem(response);
  return response;
}
