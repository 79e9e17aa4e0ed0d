/**
 * A person without a browser: follows the redirections of the sign-in with a cookie jar, then speaks to the API and to JMAP
 * as the webmail does. Used where a journey needs a hundred acts and not a hundred pages.
 */

/** Cookies by origin, as far as the sign-in needs them (name and value; the servers' paths do not overlap). */
class CookieJar {
  readonly #byOrigin = new Map<string, Map<string, string>>();

  take(origin: string, response: Response): void {
    const cookies = this.#byOrigin.get(origin) ?? new Map<string, string>();
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      const gone = attributes.some((attribute) =>
        /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(attribute)
      );
      if (gone) cookies.delete(name);
      else cookies.set(name, pair.slice(name.length + 1));
    }
    this.#byOrigin.set(origin, cookies);
  }

  header(origin: string): string {
    return [...(this.#byOrigin.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** An answer outside 2xx where one was needed; `status` lets a journey tell "try again" from "refused". */
export class HttpFailure extends Error {
  constructor(readonly status: number, readonly body: string, what: string) {
    super(`${what}: ${status} ${body.slice(0, 500)}`);
  }
}

export type MethodResponse = [name: string, args: Record<string, unknown>, callId: string];

export interface JmapSession {
  readonly accounts: Record<string, { name: string; accountCapabilities: Record<string, unknown> }>;
  readonly apiUrl: string;
  readonly uploadUrl: string;
  readonly downloadUrl: string;
  readonly eventSourceUrl: string;
  readonly state: string;
}

export class Visitor {
  readonly #jar = new CookieJar();

  private constructor(readonly baseUrl: string) {}

  /** Signs in at the simulated Pro Santé Connect as the person of that key (`anne-allard` …). */
  static async signIn(baseUrl: string, personKey: string): Promise<Visitor> {
    const visitor = new Visitor(new URL(baseUrl).origin);
    let answer = await visitor.#follow(new URL("/auth/sign-in?returnTo=/", baseUrl));
    if (answer.response.status === 200 && answer.url.origin !== visitor.baseUrl) {
      await answer.response.body?.cancel();
      answer = await visitor.#follow(answer.url, new URLSearchParams({ person: personKey }));
    }
    await answer.response.body?.cancel();
    if (!visitor.cookie.includes("__Host-mss_session=")) {
      throw new Error(`no session for ${personKey} at ${answer.url.pathname}`);
    }
    return visitor;
  }

  get cookie(): string {
    return this.#jar.header(this.baseUrl);
  }

  /** A request to the platform with the session's cookie and the headers of a page of the same origin. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("cookie", this.cookie);
    headers.set("origin", this.baseUrl);
    headers.set("sec-fetch-site", "same-origin");
    return await fetch(new URL(path, this.baseUrl), { ...init, headers, redirect: "manual" });
  }

  /** JSON in, JSON out; anything but 2xx is a {@link HttpFailure}. */
  async json<T>(
    path: string,
    init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<T> {
    const response = await this.fetch(path, {
      method: init.method ?? (init.body === undefined ? "GET" : "POST"),
      headers: {
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new HttpFailure(response.status, text, `${init.method ?? "request"} ${path}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async jmapSession(): Promise<JmapSession> {
    return await this.json<JmapSession>("/jmap/session");
  }

  /** The account id of the box with that address. */
  async accountOf(address: string): Promise<string> {
    const { accounts } = await this.jmapSession();
    const found = Object.entries(accounts).find(([, account]) => account.name === address);
    if (!found) throw new Error(`no account for ${address} in the session`);
    return found[0];
  }

  async call(methodCalls: readonly [string, Record<string, unknown>, string][]): Promise<MethodResponse[]> {
    const answer = await this.json<{ methodResponses: MethodResponse[] }>("/jmap/api", {
      body: {
        using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"],
        methodCalls,
      },
    });
    return answer.methodResponses;
  }

  async #follow(start: URL, form?: URLSearchParams): Promise<{ response: Response; url: URL }> {
    let url = start;
    let body = form;
    for (let hop = 0; hop < 20; hop++) {
      const response = await fetch(url, {
        redirect: "manual",
        method: body ? "POST" : "GET",
        ...(body ? { body } : {}),
        headers: {
          cookie: this.#jar.header(url.origin),
          ...(body ? { origin: url.origin } : { "sec-fetch-mode": "navigate" }),
        },
      });
      this.#jar.take(url.origin, response);
      const location = response.headers.get("location");
      if (location === null) return { response, url };
      await response.body?.cancel();
      url = new URL(location, url);
      body = undefined;
    }
    throw new Error("the sign-in never stops redirecting");
  }
}
