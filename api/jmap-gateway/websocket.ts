/**
 * JMAP over WebSocket (RFC 8887), ended here: requests take the same way as `POST /jmap/api`, push comes from the hub, so
 * it is there whatever the mail server behind can do. `Deno.upgradeWebSocket` is given by the caller.
 */
import type { PersonBoxes } from "./accounts.ts";
import type { Hub, StateChange } from "./events-hub.ts";
import { isObject, parseIJson, RequestError, type RequestLimits, toRequest } from "./request.ts";
import type { JmapRequest } from "./request.ts";

export interface SocketSpeaker {
  readonly personId: string;
  readonly sessionId: string;
  readonly boxes: PersonBoxes;
}

export interface SocketOptions {
  readonly speaker: SocketSpeaker;
  readonly limits: RequestLimits;
  readonly maxConcurrentRequests: number;
  readonly hub: Hub;
  /** Answers one request with a Response object or a problem, as `POST /jmap/api` would; never rejects. */
  readonly answer: (
    request: JmapRequest,
    body: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ) => Promise<Response>;
}

/** What may wait for a browser that does not read. */
const maxWaitingBytes = 8 * 1024 * 1024;
/** Policy violation (RFC 6455 §7.4.1): the right to be here has ended. */
const rightEnded = 1008;
const tooSlow = 1013;
const encoder = new TextEncoder();

function requestError(error: RequestError, requestId: unknown): string {
  return JSON.stringify({
    "@type": "RequestError",
    requestId: typeof requestId === "string" ? requestId : null,
    ...error.toProblem(),
  });
}

/** Serves an upgraded socket until it closes. */
export function serveSocket(socket: WebSocket, options: SocketOptions): void {
  const { speaker, limits, hub, answer, maxConcurrentRequests } = options;
  const gone = new AbortController();
  let stopPush: (() => void) | undefined;
  let running = 0;
  // Listening from the beginning, pushed or not: the socket must close when the right ends.
  let pushed: ReadonlySet<string> | null | undefined;

  function send(text: string): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount + text.length > maxWaitingBytes && socket.bufferedAmount > 0) {
      socket.close(tooSlow, "too slow");
      return;
    }
    socket.send(text);
  }

  function notify(change: StateChange): void {
    if (pushed === undefined) return;
    if (pushed === null) return send(JSON.stringify(change));
    const wanted = pushed;
    const changed = Object.entries(change.changed).flatMap(([accountId, states]) => {
      const kept = Object.entries(states).filter(([type]) => wanted.has(type));
      return kept.length === 0 ? [] : [[accountId, Object.fromEntries(kept)] as const];
    });
    if (changed.length > 0) {
      send(JSON.stringify({ "@type": "StateChange", changed: Object.fromEntries(changed) }));
    }
  }

  async function takeRequest(message: Record<string, unknown>, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { id } = message;
    if (running >= maxConcurrentRequests) {
      throw new RequestError("limit", "Too many requests at once.", "maxConcurrentRequests");
    }
    running++;
    try {
      const request = toRequest(message, limits);
      const response = await answer(request, body, gone.signal);
      const text = await response.text();
      // Both kinds of answer are JSON objects: their members are put behind the envelope's own.
      const type = response.ok ? "Response" : "RequestError";
      const requestId = JSON.stringify(typeof id === "string" ? id : null);
      send(`{"@type":"${type}","requestId":${requestId},${text.trimStart().slice(1)}`);
    } finally {
      running--;
    }
  }

  async function take(text: string): Promise<void> {
    let requestId: unknown;
    try {
      const body = encoder.encode(text);
      if (body.length > limits.maxSizeRequest) {
        throw new RequestError(
          "limit",
          `A request holds at most ${limits.maxSizeRequest} bytes.`,
          "maxSizeRequest",
        );
      }
      const message = parseIJson(text, limits.maxDepth);
      if (!isObject(message)) throw new RequestError("notRequest", "The message is not an object.");
      requestId = message.id;
      switch (message["@type"]) {
        case "Request": {
          // `@type` and `id` are the envelope's; a mail server takes the rest alone.
          const { "@type": _type, id: _id, ...request } = message;
          return await takeRequest(message, encoder.encode(JSON.stringify(request)));
        }
        case "WebSocketPushEnable": {
          const { dataTypes } = message;
          if (dataTypes !== null && dataTypes !== undefined && !Array.isArray(dataTypes)) {
            throw new RequestError("notRequest", "`dataTypes` is a list or null.");
          }
          pushed = Array.isArray(dataTypes)
            ? new Set(dataTypes.filter((type) => typeof type === "string"))
            : null;
          return;
        }
        case "WebSocketPushDisable":
          pushed = undefined;
          return;
        default:
          throw new RequestError("notRequest", "The message has no known @type.");
      }
    } catch (error) {
      if (error instanceof RequestError) send(requestError(error, requestId));
      else socket.close(1011, "internal error");
    }
  }

  socket.onopen = () => {
    stopPush = hub.listen({
      ...speaker,
      types: null,
      notify,
      close: () => socket.close(rightEnded, "session ended"),
    });
  };
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") {
      send(requestError(new RequestError("notJSON", "JMAP messages are text."), null));
      return;
    }
    void take(data);
  };
  socket.onerror = () => socket.close();
  socket.onclose = () => {
    gone.abort();
    stopPush?.();
  };
}
