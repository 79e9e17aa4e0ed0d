/**
 * A route before the router, for what every page asks all the time: the way through router and middleware costs a short JMAP
 * call as much as reading its request does (load/README.md). The steps are those that api/app.ts lays down for every path of
 * a signed-in person, by the same rules and in the same order: an id of ours, same origin, who it is, the answer or its
 * problem, the id in the answer.
 */
import type { Actor, AppDeps, Context } from "../context.ts";
import { problem } from "../problems.ts";
import { withRequestId } from "./request-id.ts";
import { renderFailure } from "./render-problem.ts";
import type { OriginRule } from "./same-origin.ts";

export interface DirectRoute {
  readonly method: string;
  /** Whole and without parameters; a query or a trailing slash goes the usual way. */
  readonly path: string;
  readonly answer: (request: Request, context: Context) => Promise<Response>;
}

// deno-lint-ignore no-explicit-any -- what Hono takes behind the request is its own
type Handler = (request: Request, info?: any, ...rest: any[]) => Response | Promise<Response>;

export interface DirectRouteOptions {
  readonly deps: AppDeps;
  readonly origin: OriginRule;
  readonly findActor: (request: Request) => Promise<Actor>;
}

/** `usual`, with `route` taken out of its way. */
export function withDirectRoute(
  usual: Handler,
  route: DirectRoute,
  { deps, origin, findActor }: DirectRouteOptions,
): Handler {
  const { config, db, now, log } = deps;
  const { method, path } = route;
  const mustProveOrigin = origin.needsSameOrigin(method);

  async function answer(request: Request): Promise<Response> {
    const requestId = crypto.randomUUID();
    try {
      if (mustProveOrigin && !origin.isSameOrigin(request.headers, config.baseUrl)) {
        throw problem("not-same-origin");
      }
      const context: Context = Object.freeze({ db, actor: await findActor(request), requestId, now, log });
      return withRequestId(await route.answer(request, context), requestId);
    } catch (error) {
      return withRequestId(renderFailure(error, { requestId, path }, deps), requestId);
    }
  }

  // Both named: Deno.serve hands over as many arguments as a handler declares, and the second holds the caller's address.
  return (request, info, ...rest) => {
    const { url } = request;
    // The first slash after `http://` begins the path.
    return request.method === method && url.endsWith(path) && url.indexOf("/", 8) === url.length - path.length
      ? answer(request)
      : usual(request, info, ...rest);
  };
}
