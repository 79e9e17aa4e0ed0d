/**
 * HTTP to the mail server as one box. The box's credential is put on here and nowhere else; addresses are built from
 * the configured endpoint, never from a host name that the server's session object happens to name.
 */
import type { MailServer } from "../mail-server/mod.ts";
import { MailServerUnavailable } from "../mail-server/mod.ts";

/** The mail server refuses the box itself (suspended there): its account is not open. */
export class BoxRefused extends Error {
  override readonly name = "BoxRefused";
}

/** The mail server does not let the gateway in as this box: it does not know the box yet, or not the gateway. */
export class NotSignedIn extends MailServerUnavailable {}

export interface UpstreamOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit | null;
  /** Ends the exchange, e.g. when the client has gone; also while the answer's body flows. */
  readonly signal?: AbortSignal;
  /** The same, but asked for after a second only: to watch a client costs more than a short call. */
  readonly whenSlow?: () => AbortSignal;
  /** Until the answer's headers, in milliseconds; 0 = without end (uploads and event streams have their own). */
  readonly timeoutMs?: number;
}

export interface Upstream {
  readonly kind: MailServer["kind"];
  /**
   * One exchange as the box. Answers whatever the server answered, except: no answer, 401 ({@link NotSignedIn}) or 5xx throw
   * {@link MailServerUnavailable}, 403 throws {@link BoxRefused}.
   */
  fetch(address: string, url: URL, options?: UpstreamOptions): Promise<Response>;
  /** The same path and query on the configured endpoint: session objects may name another host. */
  locate(url: string): URL;
  readonly apiUrl: URL;
  readonly sessionUrl: URL;
}

/** 30 s: a search over a large box in an unoptimised server stays well below; a person has given up by then. */
export const callTimeoutMs = 30_000;

const slowMs = 1_000;

export function createUpstream(mailServer: MailServer): Upstream {
  const apiUrl = new URL(mailServer.jmapUrl);
  const sessionUrl = new URL(mailServer.sessionUrl);
  return {
    kind: mailServer.kind,
    apiUrl,
    sessionUrl,
    locate(url) {
      const named = new URL(url, apiUrl);
      return new URL(named.pathname + named.search, apiUrl.origin);
    },
    async fetch(address, url, options = {}) {
      const { method = "GET", headers = {}, body = null, signal, whenSlow, timeoutMs = callTimeoutMs } =
        options;
      const ended = new AbortController();
      const end = () => ended.abort();
      const follow = (one: AbortSignal) =>
        one.aborted ? end() : one.addEventListener("abort", end, { once: true });
      if (signal !== undefined) follow(signal);
      let timer = timeoutMs === 0 ? undefined : setTimeout(() => {
        if (whenSlow !== undefined) follow(whenSlow());
        timer = setTimeout(end, timeoutMs - slowMs);
      }, slowMs);
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
        signal?.removeEventListener("abort", end);
        throw new MailServerUnavailable("The mail server does not answer.", { cause });
      } finally {
        clearTimeout(timer);
      }
      if (
        response.status < 400 || (response.status < 500 && response.status !== 401 && response.status !== 403)
      ) {
        return response;
      }
      signal?.removeEventListener("abort", end);
      await response.body?.cancel();
      if (response.status === 403) throw new BoxRefused("The mail server refuses this box.");
      if (response.status === 401) throw new NotSignedIn("The mail server does not let the gateway in.");
      throw new MailServerUnavailable(`The mail server answers ${response.status}.`);
    },
  };
}
