/** Calls to one box's API endpoint: the request out, the responses in, creation ids and state noted on the way. */
import { MailServerUnavailable } from "../mail-server/mod.ts";
import type { Accounts, Box, PersonBoxes } from "./accounts.ts";
import type { Exchange } from "./connection-pool.ts";
import { methods } from "./methods.ts";
import { noteCreatedIds } from "./references.ts";
import { type Invocation, isObject } from "./request.ts";
import { refusalOf } from "./rights.ts";
import type { Upstream } from "./upstream.ts";

/** The mail server refused a whole request that the gateway composed; each of its calls fails alone. */
export class UpstreamRefused extends Error {
  override readonly name = "UpstreamRefused";
}

/** One request of a person while it is being answered. */
export interface CallContext {
  readonly personId: string;
  readonly boxes: PersonBoxes;
  /** What the client named, without the gateway's own capability, which no mail server knows. */
  readonly using: readonly string[];
  /** Grows as calls create objects (RFC 8620 §3.3). */
  readonly createdIds: Record<string, string>;
  /** Set before the first call that may change something leaves: from then on a lost answer cannot be a 503. */
  hasWritten: boolean;
  /**
   * Sends calls as the box and returns every response, implicit ones included. `using` widens what the client named,
   * for calls the gateway makes of its own accord.
   */
  send(box: Box, calls: readonly Invocation[], using?: readonly string[]): Promise<Invocation[]>;
}

function isResponseList(value: unknown): value is Invocation[] {
  return Array.isArray(value) &&
    value.every((item) => Array.isArray(item) && typeof item[0] === "string" && isObject(item[1]));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function readJson({ bytes, rest }: Exchange): Promise<unknown> {
  try {
    const whole = rest === undefined
      ? bytes
      : await new Blob([bytes, await new Response(rest).blob()]).arrayBuffer();
    return JSON.parse(decoder.decode(whole));
  } catch (cause) {
    throw new MailServerUnavailable("The mail server's answer broke off.", { cause });
  }
}

export interface CallContextOptions {
  readonly personId: string;
  readonly boxes: PersonBoxes;
  readonly using: readonly string[];
  readonly createdIds: Readonly<Record<string, string>> | undefined;
  /** Says when the client has gone. A call that may change something is let finish all the same. */
  readonly whenGone: (() => AbortSignal) | undefined;
  readonly upstream: Upstream;
  readonly accounts: Accounts;
}

/** Begins a context. `send` throws MailServerUnavailable, BoxRefused or {@link UpstreamRefused}. */
export function createCallContext(options: CallContextOptions): CallContext {
  const { personId, boxes, using, whenGone, upstream, accounts } = options;
  const context: CallContext = {
    personId,
    boxes,
    using,
    createdIds: { ...options.createdIds },
    hasWritten: false,
    async send(box, calls, wider = []) {
      // The second lock, for calls that the gateway makes of its own accord (a copy's end in the box it came from).
      const refused = calls.flatMap(([name, , id]): Invocation[] => {
        const method = methods.get(name);
        const type = method === undefined ? undefined : refusalOf(method, box);
        return type === undefined ? [] : [methodError(type, id)];
      });
      if (refused.length > 0) return refused;
      const writes = mayWrite(calls);
      if (writes) context.hasWritten = true;
      const body = {
        using: [...new Set([...using, ...wider])],
        methodCalls: calls,
        createdIds: context.createdIds,
      };
      const exchange = await upstream.post(
        box.address,
        encoder.encode(JSON.stringify(body)),
        whenGone === undefined || writes ? {} : { whenSlow: whenGone },
      );
      const answer = await readJson(exchange);
      if (exchange.status >= 300) {
        throw new UpstreamRefused(`The mail server refuses the request: ${exchange.status}.`);
      }
      if (!isObject(answer) || !isResponseList(answer.methodResponses)) {
        throw new MailServerUnavailable("The mail server's answer is no Response object.");
      }
      if (typeof answer.sessionState === "string") accounts.noteState(box, answer.sessionState);
      for (const item of answer.methodResponses) noteCreatedIds(item, context.createdIds);
      return answer.methodResponses;
    },
  };
  return context;
}

/** Whether any of the calls may change something. */
export function mayWrite(calls: readonly Invocation[]): boolean {
  return calls.some(([name]) => methods.get(name)?.writes === true);
}

/** A method-level error (RFC 8620 §3.6.2). */
export function methodError(type: string, callId: string, description?: string): Invocation {
  return ["error", description === undefined ? { type } : { type, description }, callId];
}

/** The response of that name among those a call got, implicit ones left aside. */
export function responseOf(responses: readonly Invocation[], name: string): Invocation | undefined {
  return responses.find(([answered]) => answered === name);
}
