/**
 * One Request object answered (RFC 8620 §3): the same for `POST /jmap/api` and for a WebSocket message. A request for one
 * box goes there as it came and its answer comes back as it is, but for `sessionState`, which is replaced by ours.
 */
import type { Accounts, Box, PersonBoxes } from "./accounts.ts";
import { createCallContext, mayWrite, methodError } from "./box-calls.ts";
import type { Guards } from "./guards.ts";
import { gateway, websocket } from "./methods.ts";
import { type JmapRequest, RequestError } from "./request.ts";
import { commonCapabilities, sessionState } from "./session.ts";
import { withSessionState } from "./session-state-splice.ts";
import { answerInOrder, wholeRequestBox } from "./split.ts";
import { BoxRefused, type Upstream } from "./upstream.ts";

export interface ApiDependencies {
  readonly upstream: Upstream;
  readonly accounts: Accounts;
  readonly guards: Guards;
}

export interface ApiCall {
  readonly personId: string;
  readonly boxes: PersonBoxes;
  readonly request: JmapRequest;
  /** The request as it came, to be passed on unchanged when nothing has to change. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Says when the client has gone. */
  readonly whenGone: (() => AbortSignal) | undefined;
}

/** `unknownCapability` for a URN that the session does not announce (RFC 8620 §3.6.1). */
export function requireKnownCapabilities(using: readonly string[], boxes: PersonBoxes): void {
  const known = commonCapabilities(boxes);
  for (const urn of using) {
    if (known.includes(urn) || urn === gateway || urn === websocket) continue;
    throw new RequestError(
      "unknownCapability",
      "The request uses a capability that the session does not announce.",
    );
  }
}

const jsonHeaders = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

async function passWhole(
  call: ApiCall,
  box: Box,
  { upstream, accounts }: ApiDependencies,
): Promise<Response> {
  const watched = call.whenGone === undefined || mayWrite(call.request.methodCalls)
    ? {}
    : { whenSlow: call.whenGone };
  const exchange = await upstream.post(box.address, call.body, watched);
  if (exchange.status >= 300) {
    // A request-level error of the mail server's own, e.g. its limit of concurrent requests.
    await exchange.rest?.cancel();
    return new Response(exchange.bytes, {
      status: exchange.status,
      headers: { ...jsonHeaders, "content-type": exchange.contentType || "application/problem+json" },
    });
  }
  return withSessionState(exchange, (upstreamState) => {
    accounts.noteState(box, upstreamState);
    return sessionState(call.boxes);
  }, jsonHeaders);
}

/**
 * Answers one request.
 *
 * @throws RequestError (request-level), MailServerUnavailable when the mail server is away and nothing was changed
 */
export async function answerApiCall(call: ApiCall, dependencies: ApiDependencies): Promise<Response> {
  const { request, boxes, personId, whenGone } = call;
  requireKnownCapabilities(request.using, boxes);
  const box = wholeRequestBox(request, boxes);
  if (box !== undefined) {
    try {
      return await passWhole(call, box, dependencies);
    } catch (error) {
      if (!(error instanceof BoxRefused)) throw error;
      dependencies.accounts.forget(personId, box);
      return Response.json({
        methodResponses: request.methodCalls.map(([, , id]) => methodError("accountNotFound", id)),
        sessionState: sessionState(boxes),
      }, { headers: jsonHeaders });
    }
  }
  const { upstream, accounts, guards } = dependencies;
  const context = createCallContext({
    personId,
    boxes,
    using: request.using.filter((urn) => urn !== gateway && urn !== websocket),
    createdIds: request.createdIds,
    whenGone,
    upstream,
    accounts,
  });
  const methodResponses = await answerInOrder(request.methodCalls, context, guards, accounts);
  return Response.json({
    methodResponses,
    ...(request.createdIds === undefined ? {} : { createdIds: context.createdIds }),
    sessionState: sessionState(boxes),
  }, { headers: jsonHeaders });
}
