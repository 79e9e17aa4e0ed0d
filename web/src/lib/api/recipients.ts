/** Asks before sending whether addresses can be written to: POST /api/v1/recipients/check. */
import { ApiProblem, toApiProblem } from "./api-problem.ts";

export type RecipientStatus = "hosted" | "listed" | "no-such-mailbox" | "not-in-trust-space" | "invalid";

/** Status by lower-case address. Throws ApiProblem; the gateway checks again at sending. */
export async function checkRecipients(
  send: typeof fetch,
  addresses: readonly string[],
): Promise<Map<string, RecipientStatus>> {
  let response: Response;
  try {
    response = await send("/api/v1/recipients/check", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ addresses }),
    });
  } catch (cause) {
    throw new ApiProblem("offline", 0, cause);
  }
  if (!response.ok) throw await toApiProblem(response);
  const body = await response.json() as { results: { address: string; status: RecipientStatus }[] };
  return new Map(body.results.map(({ address, status }) => [address.toLowerCase(), status]));
}
