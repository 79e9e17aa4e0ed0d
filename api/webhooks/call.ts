/** One call of a receiver. Its answer is a status; the body is not read, and no redirect is followed. */
import { lookup } from "node:dns/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** How a call ended. `reason` is one of a few words, never what the other side wrote. */
export type CallOutcome =
  | { readonly kind: "answered"; readonly status: number }
  | {
    readonly kind: "failed";
    readonly reason: "private-address" | "unknown-name" | "timeout" | "no-connection";
  };

/** Whether the receiver has what it was sent. */
export function isTaken(outcome: CallOutcome | { readonly kind: "failed" }): boolean {
  return outcome.kind === "answered" && outcome.status >= 200 && outcome.status < 300;
}

export interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function callReceiver(
  call: Call,
  settings: { readonly isPrivateAllowed: boolean; readonly timeoutSeconds: number },
): Promise<CallOutcome> {
  const url = new URL(call.url);
  if (url.protocol !== "https:" && !settings.isPrivateAllowed) {
    return { kind: "failed", reason: "private-address" };
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0
    ? await lookup(host, { all: true }).catch(() => [])
    : [{ address: host, family: isIP(host) }];
  if (addresses.length === 0) return { kind: "failed", reason: "unknown-name" };
  if (!settings.isPrivateAllowed && !addresses.every((one) => isPublicAddress(one.address))) {
    return { kind: "failed", reason: "private-address" };
  }
  return await send(url, call, addresses, settings.timeoutSeconds * 1000);
}

function send(
  url: URL,
  call: Call,
  addresses: readonly { address: string; family: number }[],
  timeoutMs: number,
): Promise<CallOutcome> {
  // The addresses that were judged, and no other that the name may have by now.
  const judged: LookupFunction = (_name, options, done) => {
    if (options.all === true) done(null, addresses.map(({ address, family }) => ({ address, family })));
    else done(null, addresses[0]?.address ?? "", addresses[0]?.family);
  };
  const bytes = new TextEncoder().encode(call.body);
  return new Promise((resolve) => {
    const start = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = start(url, {
      method: "POST",
      agent: false,
      lookup: judged,
      headers: {
        ...call.headers,
        "content-type": "application/json",
        "content-length": String(bytes.length),
        "user-agent": "MSSante-Webhooks/1",
      },
    });
    const timer = setTimeout(() => {
      resolve({ kind: "failed", reason: "timeout" });
      request.destroy();
    }, timeoutMs);
    const end = (outcome: CallOutcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    request.on("response", (response) => {
      end({ kind: "answered", status: response.statusCode ?? 0 });
      response.on("error", () => {});
      response.destroy();
    });
    request.on("error", () => end({ kind: "failed", reason: "no-connection" }));
    request.end(bytes);
  });
}
