/**
 * The control port of the simulated operator, for tests and for a person who looks: HTTP on loopback, JSON.
 *
 *   GET    /messages[?messageId=…]   { count, messages }         DELETE /messages
 *   GET    /messages/{id}/raw        the message as it came
 *   GET    /behaviour   PUT /behaviour (behaviour.ts)            DELETE /behaviour: good again
 *   GET    /boxes       PUT /boxes/{address}                     DELETE /boxes/{address}
 *   POST   /send (send.ts)           the platform's answer; 502 with its words when it refused
 */
import { type ZodType } from "zod";
import { behaviourSchema, goodBehaviour, type Mood } from "./behaviour.ts";
import { type SendRequest, type SendResult, sendSchema } from "./send.ts";
import type { MessageStore } from "./store.ts";
import { isMailbox } from "./syntax.ts";

export interface ControlOptions {
  readonly mood: Mood;
  readonly store: MessageStore;
  readonly boxes: Set<string>;
  /** Undefined when no platform was named. */
  readonly send: ((request: SendRequest) => Promise<SendResult>) | undefined;
}

export async function control(options: ControlOptions, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const [room = "", name, part] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  const { mood, store, boxes } = options;
  switch (`${request.method} /${room}`) {
    case "GET /messages": {
      if (name !== undefined && part === "raw") {
        const raw = await store.raw(Number(name));
        return raw === undefined
          ? notFound()
          : new Response(raw, { headers: { "content-type": "message/rfc822" } });
      }
      const messages = store.list(url.searchParams.get("messageId") ?? undefined);
      return Response.json({ count: messages.length, messages });
    }
    case "DELETE /messages":
      await store.clear();
      return new Response(null, { status: 204 });
    case "GET /behaviour":
      return Response.json(mood.current);
    case "PUT /behaviour":
      return await withBody(request, behaviourSchema, (behaviour) => {
        mood.set(behaviour);
        return Response.json(mood.current);
      });
    case "DELETE /behaviour":
      mood.set(goodBehaviour);
      return new Response(null, { status: 204 });
    case "GET /boxes":
      return Response.json({ boxes: [...boxes] });
    case "PUT /boxes":
    case "DELETE /boxes": {
      if (name === undefined || !isMailbox(name)) return notFound();
      if (request.method === "PUT") boxes.add(name.toLowerCase());
      else boxes.delete(name.toLowerCase());
      return new Response(null, { status: 204 });
    }
    case "POST /send": {
      const { send } = options;
      if (send === undefined) {
        return Response.json({ error: "no relay was named (SIM_RELAY)" }, { status: 503 });
      }
      return await withBody(request, sendSchema, async (body) => {
        try {
          return Response.json(await send(body));
        } catch (error) {
          const { response, responseCode, message } = error as Error & {
            response?: string;
            responseCode?: number;
          };
          return Response.json({ error: response ?? message, code: responseCode ?? null }, { status: 502 });
        }
      });
    }
    default:
      return notFound();
  }
}

async function withBody<T>(
  request: Request,
  schema: ZodType<T>,
  act: (body: T) => Response | Promise<Response>,
): Promise<Response> {
  const body: unknown = await request.json().catch(() => undefined); // Not JSON: told like any other wrong body.
  const parsed = schema.safeParse(body);
  return parsed.success
    ? await act(parsed.data)
    : Response.json({ issues: parsed.error.issues }, { status: 422 });
}

function notFound(): Response {
  return Response.json({ error: "no such thing" }, { status: 404 });
}
