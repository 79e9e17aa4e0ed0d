/**
 * `/jmap/*` of the browser and `/internal/mail-server/*` of the mail server. Who speaks is known from the session
 * (api/http/authenticate.ts); changing requests of another site were refused before this (api/app.ts).
 */
import type { Context as HonoContext } from "hono";
import type { Context, PersonActor } from "../context.ts";
import type { DirectRoute } from "../http/direct-route.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { isSameOrigin } from "../identity/mod.ts";
import { usesAccessToken } from "../oauth/mod.ts";
import {
  type HookAnswer,
  InvalidHook,
  MailServerUnavailable,
  readRecipientHook,
  readSubmissionHook,
} from "../mail-server/mod.ts";
import { problem } from "../problems.ts";
import type { Box, PersonBoxes } from "./accounts.ts";
import { answerApiCall } from "./api-call.ts";
import { downloadBlob } from "./download.ts";
import { openEventSource, readEventSourceQuery } from "./event-source.ts";
import type { Gateway } from "./gateway.ts";
import { answerHook, answerRecipient, isHookSecret } from "./hook.ts";
import { parseRequest, readCapped, RequestError, requireJsonContentType } from "./request.ts";
import { isReadOnly } from "./rights.ts";
import { composeSession, limitsOf } from "./session.ts";
import { uploadBlob } from "./upload.ts";
import { BoxRefused } from "./upstream.ts";
import { serveSocket } from "./websocket.ts";

/** After this many seconds the mail server is worth another try; the web waits longer each time. */
const retryAfterSeconds = 5;

function requestProblem(error: RequestError): Response {
  return new Response(JSON.stringify(error.toProblem()), {
    status: error.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

/** JMAP's own problems are answered as JMAP says; the mail server's absence is one of the catalogue's. */
async function answering(run: () => Promise<Response>): Promise<Response> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof RequestError) return requestProblem(error);
    if (error instanceof MailServerUnavailable) {
      throw problem("mail-server-unavailable", { retryAfterSeconds }, { cause: error });
    }
    if (error instanceof BoxRefused) throw problem("not-found", undefined, { cause: error });
    throw error;
  }
}

function personOf(c: HonoContext<ApiEnv>): PersonActor {
  return personIn(contextOf(c));
}

function personIn({ actor }: Context): PersonActor {
  if (actor.kind !== "person") throw problem("sign-in-required");
  return actor;
}

/** The box of an account id in a URL; one that is not the person's answers like one that is not there. */
function boxIn(boxes: PersonBoxes, accountId: string): Box {
  const box = boxes.byAccount.get(accountId);
  if (box === undefined) throw problem("not-found");
  return box;
}

async function answerApiRequest(gateway: Gateway, request: Request, ctx: Context): Promise<Response> {
  const { accounts, limits, openings } = gateway;
  const { personId } = personIn(ctx);
  requireJsonContentType(request.headers.get("content-type"));
  const boxes = await accounts.boxesOf(personId);
  const narrowed = limitsOf(boxes, limits);
  const body = await readCapped(request, narrowed.maxSizeRequest);
  const calls = parseRequest(body, narrowed);
  const opening = openings.noteRequest(ctx, boxes, calls);
  if (opening !== undefined) await opening;
  return await answerApiCall(
    { personId, boxes, request: calls, body, whenGone: () => request.signal },
    gateway,
  );
}

/** `POST /jmap/api`, for api/http/direct-route.ts: what a page asks all the time. */
export function jmapApiRoute(gateway: Gateway): DirectRoute {
  return {
    method: "POST",
    path: "/jmap/api",
    answer: (request, ctx) => answering(() => answerApiRequest(gateway, request, ctx)),
  };
}

export function createGatewayRoutes(gateway: Gateway) {
  const routes = createRoutes();
  const { accounts, upstream, hub, limits, openings } = gateway;
  const boxesOf = (person: PersonActor) => accounts.boxesOf(person.personId);

  // RFC 8620 §2.2
  routes.get("/.well-known/jmap", (c) => c.redirect("/jmap/session", 307));

  routes.get("/jmap/session", (c) =>
    answering(async () => {
      const person = personOf(c);
      const session = composeSession(await boxesOf(person), person.displayName, {
        ...gateway.sessionOptions,
        origin: gateway.originFor(c.req.raw.headers),
      });
      return Response.json(session, { headers: { "cache-control": "no-cache, no-store, must-revalidate" } });
    }));

  // The same with a query or a trailing slash, which the direct route leaves to the router.
  routes.post("/jmap/api", (c) => answering(() => answerApiRequest(gateway, c.req.raw, contextOf(c))));

  const upload = (c: HonoContext<ApiEnv>) =>
    answering(async () => {
      const box = boxIn(await boxesOf(personOf(c)), c.req.param("accountId")!);
      if (isReadOnly(box)) throw problem("mailbox-read-only");
      await openings.note(contextOf(c), box);
      return await uploadBlob(c.req.raw, box, upstream);
    });
  routes.post("/jmap/upload/:accountId", upload);
  routes.post("/jmap/upload/:accountId/", upload);

  routes.get("/jmap/download/:accountId/:blobId/:name", (c) =>
    answering(async () => {
      const box = boxIn(await boxesOf(personOf(c)), c.req.param("accountId"));
      const wanted = {
        blobId: c.req.param("blobId"),
        name: c.req.param("name"),
        type: c.req.query("accept") ?? c.req.query("type") ?? "",
      };
      await openings.note(contextOf(c), box);
      const found = await downloadBlob(c.req.raw, box, wanted, upstream);
      if (found === undefined) throw problem("not-found");
      return found;
    }));

  routes.get("/jmap/eventsource", (c) =>
    answering(async () => {
      const { personId, sessionId } = personOf(c);
      const query = readEventSourceQuery(new URL(c.req.url).searchParams);
      if (query === undefined) {
        throw problem("invalid-request", {
          errors: [{ pointer: "/query", detail: "types, closeafter, ping" }],
        });
      }
      const boxes = await accounts.boxesOf(personId);
      return openEventSource({ personId, sessionId, boxes }, query, hub, c.req.raw.signal);
    }));

  routes.get("/jmap/ws", (c) =>
    answering(async () => {
      const { personId, sessionId } = personOf(c);
      // The upgrade takes the request away: whatever is needed of it is read before.
      const { headers } = c.req.raw;
      const ctx = contextOf(c);
      // No CORS rule restrains a WebSocket: without this any site could speak with the person's cookie. A token no site can send along.
      if (!usesAccessToken(headers) && !isSameOrigin(headers, gateway.baseUrl)) {
        throw problem("not-same-origin");
      }
      const protocols = (headers.get("sec-websocket-protocol") ?? "").split(",").map((one) => one.trim());
      if (headers.get("upgrade")?.toLowerCase() !== "websocket" || !protocols.includes("jmap")) {
        throw problem("invalid-request", {
          errors: [{
            pointer: "/header/sec-websocket-protocol",
            detail: "RFC 8887: a WebSocket speaking jmap",
          }],
        });
      }
      const boxes = await accounts.boxesOf(personId);
      const narrowed = limitsOf(boxes, limits);
      const { socket, response } = gateway.upgradeWebSocket(c.req.raw, { protocol: "jmap" });
      serveSocket(socket, {
        speaker: { personId, sessionId, boxes },
        limits: narrowed,
        maxConcurrentRequests: gateway.maxConcurrentRequests,
        hub,
        answer: (request, body, signal) =>
          answering(async () => {
            // Boxes are asked anew: a right may have ended since the socket was opened.
            const boxes = await accounts.boxesOf(personId);
            await openings.noteRequest(ctx, boxes, request);
            return await answerApiCall(
              { personId, boxes, request, body, whenGone: () => signal },
              gateway,
            );
          }).catch((error) => gateway.renderFailure(error)),
      });
      return response;
    }));

  const hook = (path: string, answer: (body: ReadableStream<Uint8Array>) => Promise<HookAnswer>) =>
    routes.post(path, async (c) => {
      if (!isHookSecret(c.req.header("authorization"), gateway.hookSecret)) throw problem("not-found");
      const { body } = c.req.raw;
      if (body === null) throw problem("malformed-json");
      try {
        return c.json(await answer(body));
      } catch (error) {
        if (error instanceof InvalidHook) throw problem("malformed-json", undefined, { cause: error });
        throw error;
      }
    });
  hook(
    "/internal/mail-server/hook",
    async (body) => await answerHook(await readSubmissionHook(body), gateway.ledger),
  );
  hook(
    "/internal/mail-server/recipient",
    async (body) =>
      await answerRecipient(readRecipientHook(await new Response(body).text()), gateway.hasRoom),
  );

  return routes;
}
