/** Runs load/requests.js: one request to two places in turn, and the ratio between them. */
import { runToEnd } from "../scripts/stack/packages.ts";

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Milliseconds; answers per second. */
export interface Figures {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly failed: number;
}

export interface Comparison {
  readonly gateway: Figures;
  readonly other: Figures;
}

export interface Load {
  readonly body: string;
  readonly users: number;
  readonly rounds: number;
  readonly seconds: number;
}

export async function compare(k6: string, gateway: Target, other: Target, load: Load): Promise<Comparison> {
  const said = await runToEnd("k6", k6, ["run", "--quiet", "--no-usage-report", "load/requests.js"], {
    environment: {
      A_URL: gateway.url,
      A_HEADERS: JSON.stringify(gateway.headers),
      B_URL: other.url,
      B_HEADERS: JSON.stringify(other.headers),
      BODY: load.body,
      VUS: String(load.users),
      ROUNDS: String(load.rounds),
      SECONDS: String(load.seconds),
    },
  });
  const { a, b } = JSON.parse(said.slice(said.indexOf("{"))) as { a: Figures; b: Figures };
  return { gateway: a, other: b };
}

/** p95 and throughput of the gateway as parts of the other's. */
export function ratios(
  { gateway, other }: Comparison,
): { readonly p95: number; readonly throughput: number } {
  return { p95: gateway.p95 / other.p95, throughput: gateway.perSecond / other.perSecond };
}
