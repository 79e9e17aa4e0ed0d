/**
 * The API as the admin screens see it: `openapi-fetch` over the types generated from its own document. Every refusal is
 * thrown as a Refusal, so an answer that is there is the good one.
 */
import createClient from "openapi-fetch";
import type { components, paths } from "#lib/api/generated/api.ts";
import { Refusal, toRefusal } from "./refusal.ts";

/** The bodies of the API, by the names of its document: `Schemas["Structure"]`. */
export type Schemas = components["schemas"];
export type Api = ReturnType<typeof createApi>;

/** Keys that were answered: under them the same answer would come again, be it a refusal whose cause is gone. */
const answered = new Set<string>();

export function createApi(send: typeof fetch) {
  const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => send(request) });
  api.use({
    async onResponse({ request, response }) {
      const key = request.headers.get("idempotency-key");
      if (key !== null && response.status < 500) answered.add(key);
      if (!response.ok) throw await toRefusal(response);
    },
    onError({ error }) {
      if (error instanceof DOMException && error.name === "AbortError") return error;
      return new Refusal("offline", 0, {}, error);
    },
  });
  return api;
}

/** The body of an answer. */
export async function bodyOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** `If-Match` for a thing as it was seen (its ETag is its version). */
export function ifMatch(seen: { readonly version: number }): { "if-match": string } {
  return { "if-match": `"${seen.version}"` };
}

/**
 * The `Idempotency-Key` of one wish. The same wish sent again, because its answer was lost, has the same key and happens
 * once; once it was answered, or says something else, it has a new one.
 */
export class Once {
  #key = "";
  #wish: string | undefined;

  headers(wish: unknown): { "idempotency-key": string } {
    const text = JSON.stringify(wish) ?? "";
    if (text !== this.#wish || answered.has(this.#key)) {
      this.#wish = text;
      this.#key = crypto.randomUUID();
    }
    return { "idempotency-key": this.#key };
  }

  done(): void {
    this.#wish = undefined;
  }
}
