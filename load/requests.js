// One request sent again and again to two places in turn, in one run: what k6 reports of both is comparable.
// Environment: A_URL, A_HEADERS, B_URL, B_HEADERS (JSON), BODY, VUS, ROUNDS, SECONDS.
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

const vus = Number(__ENV.VUS);
const rounds = Number(__ENV.ROUNDS);
const seconds = Number(__ENV.SECONDS);
const targets = {
  a: { url: __ENV.A_URL, headers: JSON.parse(__ENV.A_HEADERS) },
  b: { url: __ENV.B_URL, headers: JSON.parse(__ENV.B_HEADERS) },
};
const durations = { a: new Trend("a_ms", true), b: new Trend("b_ms", true) };
const answered = { a: new Counter("a_answered"), b: new Counter("b_answered") };
const failed = { a: new Counter("a_failed"), b: new Counter("b_failed") };

const scenarios = {};
for (let round = 0; round < rounds; round++) {
  // Which goes first changes with each round: a machine that slows down or warms up favours neither.
  const order = round % 2 === 0 ? ["a", "b"] : ["b", "a"];
  order.forEach((target, place) => {
    scenarios[`${target}_${round}`] = {
      executor: "constant-vus",
      vus,
      duration: `${seconds}s`,
      startTime: `${(round * 2 + place) * (seconds + 1)}s`,
      gracefulStop: "1s",
      exec: target,
    };
  });
}

export const options = {
  scenarios,
  summaryTrendStats: ["med", "p(95)", "p(99)", "avg"],
  discardResponseBodies: true,
};

function send(name) {
  const { url, headers } = targets[name];
  const response = http.post(url, __ENV.BODY, { headers });
  durations[name].add(response.timings.duration);
  if (response.status === 200) answered[name].add(1);
  else failed[name].add(1);
}

export const a = () => send("a");
export const b = () => send("b");

export function handleSummary({ metrics }) {
  const of = (name) => ({
    p50: metrics[`${name}_ms`].values["med"],
    p95: metrics[`${name}_ms`].values["p(95)"],
    p99: metrics[`${name}_ms`].values["p(99)"],
    perSecond: (metrics[`${name}_answered`]?.values.count ?? 0) / (rounds * seconds),
    failed: metrics[`${name}_failed`]?.values.count ?? 0,
  });
  return { stdout: JSON.stringify({ a: of("a"), b: of("b") }) };
}
