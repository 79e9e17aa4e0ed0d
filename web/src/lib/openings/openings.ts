/** Who opened a box: GET /api/v1/mailboxes/{id}/openings, for its holder. */
import { ApiProblem, toApiProblem } from "#lib/api/api-problem.ts";
import type { components } from "#lib/api/generated/api.ts";

export type Opening = components["schemas"]["MailboxOpening"];
export type OpeningPage = components["schemas"]["MailboxOpeningPage"];

/** A page of openings, the newest first. Throws ApiProblem. */
export async function fetchOpenings(
  send: typeof fetch,
  mailboxId: string,
  cursor: string | null,
): Promise<OpeningPage> {
  const search = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  let response: Response;
  try {
    response = await send(`/api/v1/mailboxes/${mailboxId}/openings?limit=50${search}`, {
      headers: { accept: "application/json" },
    });
  } catch (cause) {
    throw new ApiProblem("offline", 0, cause);
  }
  if (!response.ok) throw await toApiProblem(response);
  return await response.json() as OpeningPage;
}
