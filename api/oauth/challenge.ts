/** What a program is told whose token opens no JMAP (RFC 6750 §3): whether another one would help. */
import { usesAccessToken } from "./token-actor.ts";

// deno-lint-ignore no-explicit-any -- what the server hands over behind the request is its own
type Handler = (request: Request, info?: any, ...rest: any[]) => Response | Promise<Response>;

/** `usual`, whose 401 of a mail's paths names the scheme. */
export function withChallenge(usual: Handler): Handler {
  // Both named: Deno.serve hands over as many arguments as a handler declares, and the second holds the caller's address.
  return async (request, info, ...rest) => {
    const response = await usual(request, info, ...rest);
    if (
      response.status !== 401 || !/^\/(jmap|\.well-known\/jmap)(\/|$)/.test(new URL(request.url).pathname)
    ) {
      return response;
    }
    const error = usesAccessToken(request.headers) ? ', error="invalid_token"' : "";
    response.headers.set("www-authenticate", `Bearer realm="jmap"${error}`);
    return response;
  };
}
