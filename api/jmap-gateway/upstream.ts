/**
 * HTTP to the mail server as one box. The box's credential is put on here and nowhere else; addresses are built from
 * the configured endpoint, never from a host name that the server's session object happens to name.
 */
import type { MailServer } from "../mail-server/mod.ts";
import { MailServerUnavailable } from "../mail-server/mod.ts";
import { createConnectionPool, type Exchange } from "./connection-pool.ts";
import { Watch, type WatchOptions } from "./patience.ts";

/** The mail server refuses the box itself (suspended there): its account is not open. */
export class BoxRefused extends Error {
  override readonly name = "BoxRefused";
}

/** The mail server does not let the gateway in as this box: it does not know the box yet, or not the gateway. */
export class NotSignedIn extends MailServerUnavailable {}

export interface UpstreamOptions extends Partial<WatchOptions> {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit | null;
}

export interface Upstream {
  readonly kind: MailServer["kind"];
  /**
   * One exchange as the box. Answers whatever the server answered, except: no answer, 401 ({@link NotSignedIn}) or 5xx throw
   * {@link MailServerUnavailable}, 403 throws {@link BoxRefused}.
   */
  fetch(address: string, url: URL, options?: UpstreamOptions): Promise<Response>;
  /** POSTs JSON to the API endpoint as the box; the same errors. The cheap way for what is asked all the time. */
  post(
    address: string,
    body: Uint8Array<ArrayBuffer>,
    options?: Partial<WatchOptions>,
  ): Promise<Exchange>;
  /** The same path and query on the configured endpoint: session objects may name another host. */
  locate(url: string): URL;
  readonly apiUrl: URL;
  readonly sessionUrl: URL;
}

/** 30 s: a search over a large box in an unoptimised server stays well below; a person has given up by then. */
export const callTimeoutMs = 30_000;

function isAnswer(status: number): boolean {
  return status < 400 || (status < 500 && status !== 401 && status !== 403);
}

function refusal(status: number): Error {
  if (status === 403) return new BoxRefused("The mail server refuses this box.");
  if (status === 401) return new NotSignedIn("The mail server does not let the gateway in.");
  return new MailServerUnavailable(`The mail server answers ${status}.`);
}

async function exchangeByFetch(
  url: URL,
  headers: Record<string, string>,
  body: Uint8Array<ArrayBuffer>,
  watching: WatchOptions,
): Promise<Exchange> {
  const ended = new AbortController();
  const watch = new Watch(() => ended.abort(), watching);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      signal: ended.signal,
      redirect: "error",
    });
    return {
      status: response.status,
      contentType: response.headers.get("content-type") ?? "",
      bytes: new Uint8Array(await response.arrayBuffer()),
      spare: 0,
      rest: undefined,
    };
  } finally {
    watch.forget();
  }
}

export function createUpstream(mailServer: MailServer): Upstream {
  const apiUrl = new URL(mailServer.jmapUrl);
  const sessionUrl = new URL(mailServer.sessionUrl);
  const path = apiUrl.pathname + apiUrl.search;
  const pool = apiUrl.protocol === "http:" ? createConnectionPool(apiUrl) : undefined;
  return {
    kind: mailServer.kind,
    apiUrl,
    sessionUrl,
    locate(url) {
      const named = new URL(url, apiUrl);
      return new URL(named.pathname + named.search, apiUrl.origin);
    },
    async fetch(address, url, options = {}) {
      const { method = "GET", headers = {}, body = null } = options;
      const ended = new AbortController();
      const watch = new Watch(() => ended.abort(), { timeoutMs: callTimeoutMs, ...options });
      let response: Response;
      try {
        response = await fetch(url, {
          method,
          headers: { ...headers, authorization: await mailServer.authorization(address) },
          body,
          signal: ended.signal,
          redirect: "error",
        });
      } catch (cause) {
        watch.forget();
        throw new MailServerUnavailable("The mail server does not answer.", { cause });
      }
      watch.settle();
      if (isAnswer(response.status)) return response;
      watch.forget();
      await response.body?.cancel();
      throw refusal(response.status);
    },
    async post(address, body, options = {}) {
      const watching = { timeoutMs: callTimeoutMs, ...options };
      const headers = {
        "content-type": "application/json",
        accept: "application/json",
        authorization: await mailServer.authorization(address),
      };
      let exchange: Exchange;
      try {
        exchange = pool === undefined
          ? await exchangeByFetch(apiUrl, headers, body, watching)
          : await pool.post({
            path,
            headers,
            body,
            watch: (end) => new Watch(end, watching),
          });
      } catch (cause) {
        throw new MailServerUnavailable("The mail server does not answer.", { cause });
      }
      if (isAnswer(exchange.status)) return exchange;
      await exchange.rest?.cancel();
      throw refusal(exchange.status);
    },
  };
}
