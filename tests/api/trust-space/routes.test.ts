import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importWhiteList } from "../../../api/trust-space/import.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import {
  createSigners,
  encode,
  entriesFor,
  now,
  signedList,
  signerName,
  type Signers,
} from "./signed-lists.ts";

let harness: Harness;
let visitor: Visitor;
let signers: Signers;
beforeAll(async () => {
  harness = await openHarness();
  visitor = await harness.signIn();
  signers = await createSigners();
});
afterAll(() => harness?.close());

const check = (body: unknown) => visitor.post("/api/v1/recipients/check", body);
const importList = async (text: string) =>
  await importWhiteList({ ...harness.system, now: () => now }, {
    bytes: encode(text),
    authorities: [signers.authority.organisations.certificate],
    crls: [signers.crl],
    signerName,
  });

describe("the trust space over HTTP", () => {
  it("has no list at first, then tells which is in force and what was refused last", async () => {
    const read = async () => (await visitor.get("/api/v1/trust-space")).body;
    expect(await read()).toEqual({ list: null, lastRefusal: null });
    await importList(
      await signedList(signers.signer, entriesFor("alpha.mssante.test", "gamma.mssante.test")),
    );
    await importList("<not a list");
    expect(await read()).toEqual({
      list: {
        generatedAt: "2026-11-21T07:00:00.000Z",
        importedAt: now.toISOString(),
        domainCount: 2,
        entryCount: 2,
        signer: signers.signer.certificate.subject,
      },
      lastRefusal: { at: now.toISOString(), reason: "list-truncated" },
    });
  });

  it("tells nothing to somebody who has not signed in", async () => {
    for (
      const answer of [
        await harness.stranger.get("/api/v1/trust-space"),
        await harness.stranger.post("/api/v1/recipients/check", { addresses: ["dr@elsewhere.test"] }),
      ]
    ) {
      expect(answer.status).toBe(401);
      expect(answer.body.type).toMatch(/\/problems\/sign-in-required$/);
    }
  });

  it("answers each recipient, and none of it changes anything", async () => {
    const response = await check({ addresses: ["dr@elsewhere.test", "not an address"] });
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      results: [
        { address: "dr@elsewhere.test", status: "not-in-trust-space" },
        { address: "not an address", status: "invalid" },
      ],
    });
  });

  it.each([
    [{}, "/addresses"],
    [{ addresses: [] }, "/addresses"],
    [{ addresses: "dr@elsewhere.test" }, "/addresses"],
    [{ addresses: ["a@b.test", 7] }, "/addresses/1"],
    [{ addresses: ["x".repeat(1001)] }, "/addresses/0"],
    [{ addresses: Array.from({ length: 501 }, () => "a@b.test") }, "/addresses"],
    [{ addresses: ["a@b.test"], more: true }, "/more"],
  ])("says what is wrong with a request (%#)", async (body, pointer) => {
    const response = await check(body);
    expect(response.status).toBe(422);
    expect(response.body).toMatchObject({
      type: expect.stringMatching(/\/problems\/invalid-request$/),
      errors: [{ pointer }],
    });
  });
});
