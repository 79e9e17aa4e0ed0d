/**
 * One connection to the gateway: the calls of a tick leave in one request, at most four requests are under way,
 * and no request holds more calls than the server announced.
 */
import type { Answers, Call } from "./call.ts";
import { MethodError, RequestError, TransportError, unwrap } from "./errors.ts";
import { capabilitiesOf, coreLimits } from "./session.ts";
import type { Method, ResultReference, Results, Session } from "./types.ts";

export interface ConnectionOptions {
  /** Same-origin fetch: the cookie says who speaks. */
  readonly fetch: typeof fetch;
  readonly sessionUrl: string;
  /** Told of every transport failure and of the first answer after one, so that the screen can say so. */
  readonly onTransport?: (failure: TransportError | undefined) => void;
  /** A request without answer is given up after this time. */
  readonly timeoutMilliseconds?: number;
}

interface Group {
  readonly calls: readonly Call[];
  readonly isBackground: boolean;
  readonly resolve: (answers: unknown[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** What the platform does not take for a sign of life of the person. */
const background = { "x-mss-background": "1" };

type Invocation = [string, Record<string, unknown>, string];

export class Connection {
  readonly #options: ConnectionOptions;
  #session: Promise<Session> | undefined;
  #waiting: Group[] = [];
  #isScheduled = false;
  #inFlight = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The session, fetched once; `reload` asks for it again (RFC 8620 §2: when `sessionState` changed). */
  session(reload = false): Promise<Session> {
    if (this.#session === undefined || reload) {
      const loading = this.#fetchJson<Session>(this.#options.sessionUrl, {
        headers: { accept: "application/json", ...(reload ? background : {}) },
      });
      this.#session = loading;
      loading.catch(() => {
        if (this.#session === loading) this.#session = undefined;
      });
    }
    return this.#session;
  }

  /** One method call; throws its MethodError. */
  async call<M extends Method>(method: M, args: Readonly<Record<string, unknown>>): Promise<Results[M]> {
    const [answer] = await this.group([{ method, args }] as [Call<M>]);
    return unwrap(answer as Results[M] | MethodError);
  }

  /**
   * Calls that refer to each other: they leave in this order and in the same request. `isBackground`: the page asks by
   * itself, and an abandoned session must not live on by that.
   */
  group<const C extends readonly Call[]>(calls: C, isBackground = false): Promise<Answers<C>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
    this.#waiting.push({ calls, isBackground, resolve, reject });
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      queueMicrotask(() => {
        this.#isScheduled = false;
        void this.#pump();
      });
    }
    return promise as Promise<Answers<C>>;
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0) {
      let limits;
      try {
        limits = coreLimits(await this.session());
      } catch (error) {
        for (const group of this.#waiting.splice(0)) group.reject(error);
        return;
      }
      if (this.#inFlight >= Math.min(4, limits.maxConcurrentRequests)) return;
      const groups = this.#takeGroups(limits.maxCallsInRequest);
      if (groups.length === 0) return;
      this.#inFlight++;
      void this.#send(groups).finally(() => {
        this.#inFlight--;
        void this.#pump();
      });
    }
  }

  /** Whole groups in order, as many as one request may hold; a group larger than that goes alone and is refused by the server. */
  #takeGroups(maxCalls: number): Group[] {
    const taken: Group[] = [];
    let calls = 0;
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Group;
      if (taken.length > 0 && calls + next.calls.length > maxCalls) break;
      taken.push(next);
      calls += next.calls.length;
      this.#waiting.shift();
    }
    return taken;
  }

  async #send(groups: readonly Group[]): Promise<void> {
    const methodCalls = groups.flatMap((group, place) =>
      group.calls.map((one, index) => invoke(one, place, index))
    );
    const body = JSON.stringify({
      using: capabilitiesOf(methodCalls.map(([method]) => method)),
      methodCalls,
    });
    try {
      const session = await this.session();
      const answer = await this.#fetchJson<{ methodResponses: Invocation[]; sessionState: string }>(
        session.apiUrl,
        {
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json",
            ...(groups.every(({ isBackground }) => isBackground) ? background : {}),
          },
          body,
        },
      );
      if (answer.sessionState !== undefined && answer.sessionState !== session.state) {
        this.#session = undefined;
      }
      groups.forEach((group, place) => group.resolve(collect(group, place, answer.methodResponses)));
    } catch (error) {
      for (const group of groups) group.reject(error);
    }
  }

  async #fetchJson<T>(url: string, init: RequestInit): Promise<T> {
    const signal = AbortSignal.timeout(this.#options.timeoutMilliseconds ?? 90_000);
    let response: Response;
    let text: string;
    try {
      response = await this.#options.fetch(url, { ...init, credentials: "same-origin", signal });
      text = await response.text();
    } catch (cause) {
      throw this.#failed(new TransportError("offline", 0, { cause }));
    }
    if (response.ok) {
      try {
        const value = JSON.parse(text) as T;
        this.#options.onTransport?.(undefined);
        return value;
      } catch (cause) {
        throw this.#failed(new TransportError("server", response.status, { cause }));
      }
    }
    const problem = parseProblem(text);
    if (problem?.type?.startsWith("urn:ietf:params:jmap:error:")) {
      throw new RequestError(problem.type, response.status, problem.detail ?? "");
    }
    throw this.#failed(transportErrorOf(response));
  }

  #failed(error: TransportError): TransportError {
    this.#options.onTransport?.(error);
    return error;
  }
}

/** The kind of a refusal by HTTP status; shared with uploads, which do not go through the queue. */
export function transportErrorOf(response: { status: number; headers?: Headers }): TransportError {
  const seconds = Number(response.headers?.get("retry-after") ?? Number.NaN);
  const options = Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {};
  const { status } = response;
  if (status === 401) return new TransportError("signed-out", status, options);
  if (status === 429) return new TransportError("busy", status, options);
  if (status >= 502 && status <= 504) return new TransportError("unavailable", status, options);
  return new TransportError("server", status, options);
}

function invoke({ method, args }: Call, place: number, index: number): Invocation {
  const sent: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    if (name.startsWith("#")) {
      const reference = value as ResultReference;
      sent[name] = { ...reference, resultOf: `${place}.${reference.resultOf}` };
    } else if (value !== undefined) sent[name] = value;
  }
  return [method, sent, `${place}.${index}`];
}

/** The answers of one group by place. /set with onSuccess… answers twice under one id (RFC 8621 §7.5): the first counts. */
function collect(group: Group, place: number, responses: readonly Invocation[]): unknown[] {
  return group.calls.map((_, index) => {
    const found = responses.find(([, , id]) => id === `${place}.${index}`);
    if (found === undefined) return new MethodError("serverFail", "The call was not answered.");
    const [name, args] = found;
    return name === "error" ? new MethodError(String(args["type"]), String(args["description"] ?? "")) : args;
  });
}

function parseProblem(text: string): { type?: string; detail?: string } | undefined {
  try {
    return JSON.parse(text) as { type?: string; detail?: string };
  } catch {
    return undefined; // not every refusal on the way is JSON
  }
}
