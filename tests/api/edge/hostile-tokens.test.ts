/** Tokens that somebody hostile or broken presents: each is refused with its own reason inside, and all alike outside. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostileToken, hostileTokens } from "../identity/hostile-tokens.ts";
import { newAddress, openStage, type Stage } from "./stage.ts";

describe("hostile tokens at the edge", () => {
  let stage: Stage;
  let own: { id: string; address: string };
  beforeAll(async () => {
    stage = await openStage({ proSanteConnect: { acceptedParties: ["lps-de-test"] } });
    const anne = await stage.person("anne-allard");
    own = await stage.box(await stage.tenant(), { type: "PER", holderIdNatPs: anne.idNatPs });
  });
  afterAll(async () => await stage.close());

  type Mint = Parameters<Stage["psc"]["mint"]>[0];
  const mint = (wish: Partial<Mint> = {}) => stage.psc.mint({ person: "anne-allard", ...wish });
  const present = async (secret: string, mech = "XOAUTH2", service: "imap" | "submission" = "imap") => {
    const before = (await stage.refusals()).length;
    const { status, text } = await stage.signIn({
      username: own.address,
      secret,
      mech,
      service,
      ip: newAddress(),
    });
    const [refusal, ...more] = (await stage.refusals()).slice(before);
    expect(more).toEqual([]);
    return { status, text, reason: refusal?.reason };
  };

  it("a token that is right opens the box, or the rest proves nothing", async () => {
    for (const mech of ["XOAUTH2", "OAUTHBEARER"]) {
      expect((await present(await mint(), mech)).status).toBe(200);
    }
  });

  const faults: HostileToken[] = [
    ...hostileTokens(() => stage.psc),
    ["of a person who is unknown here", "person-unknown", () => mint({ person: "helene-henry" })],
    ["of a person who may not open the box", "not-entitled", async () => {
      await stage.person("bruno-bernard");
      return await mint({ person: "bruno-bernard" });
    }],
    ["that is nothing", "secret-missing", () => Promise.resolve("")],
  ];
  it.each(faults)("a token %s", async (_what, reason, make) => {
    expect(await present(await make())).toEqual({ status: 403, text: "", reason });
    const sent = await present(await make(), "OAUTHBEARER", "submission");
    expect(sent).toEqual({ status: 403, text: "", reason });
  });

  it.each([700, 1_500, 5_000, 12_000])("one of %d characters that is right is taken", async (bytes) => {
    expect((await present(await mint({ bytes }))).status).toBe(200);
  });

  it("neither token nor part of one stands in the log, the trail or Redis", async () => {
    const { logLines } = stage.platform.harness;
    const token = await mint({ bytes: 2_000 });
    await present(token);
    await present(await mint({ fault: "weak-acr" }));
    const { redis } = stage.platform.deps;
    const kept = [
      logLines.join("\n"),
      JSON.stringify(await stage.platform.rows("select e::text from app.audit_events e")),
      JSON.stringify(await redis.keys("mss:*")),
    ].join("\n");
    for (const part of token.split(".")) expect(kept.includes(part)).toBe(false);
    expect(kept).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
  });
});
