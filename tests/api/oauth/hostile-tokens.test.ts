/** Tokens that software presents for exchange and that are none: each is refused with its own reason inside, and all alike outside. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { newClientPem } from "../../support/client-certificate.ts";
import { hostileTokens } from "../identity/hostile-tokens.ts";
import { openPlatform, type Platform } from "../identity/platform.ts";
import { simulate, type SimulatedPsc } from "../identity/simulated-psc.ts";
import { lastRefusal, Program, scope } from "./program.ts";

const frontKey = "key-of-the-proxy-in-front-0123456789";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";

let psc: SimulatedPsc;
let platform: Platform;
let software: Program;
let headers: Record<string, string>;
let turn = 0;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc, {
    oauth: { frontKey },
    proSanteConnect: { acceptedParties: ["lps-de-test"] },
  });
  await platform.signIn(platform.browser(), "anne-allard");
  const operator = await platform.harness.signIn({ operatorRoles: ["operator_administrator"] });
  const certificate = await newClientPem();
  const clientId = `l${crypto.randomUUID()}`;
  const made = await operator.post("/api/v1/oauth-clients", {
    kind: "lps",
    clientId,
    name: "Logiciel du cabinet",
    certificate,
  });
  expect(made.status).toBe(201);
  software = new Program(platform.harness, clientId);
  headers = {
    "x-mss-front-key": frontKey,
    "x-mss-client-certificate": encodeURIComponent(certificate),
  };
});
// Of the same refusal one a minute stands in the trail.
beforeEach(() => {
  platform.resetClock();
  platform.pass(61 * ++turn);
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

const ask = (token: string) =>
  software.post("/oauth/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: accessToken,
    scope,
  }, headers);

it("a token that is right is exchanged, or the rest proves nothing", async () => {
  expect((await ask(await psc.mint({ person: "anne-allard" }))).status).toBe(200);
});

it.each(hostileTokens(() => psc))("a token %s", async (_what, reason, make) => {
  expect(await ask(await make())).toEqual({ status: 400, body: { error: "invalid_grant" } });
  expect(await lastRefusal(platform.harness)).toBe(reason);
});
