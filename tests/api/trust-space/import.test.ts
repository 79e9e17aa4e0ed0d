import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importWhiteList } from "../../../api/trust-space/import.ts";
import { checkRecipients, matchPeer } from "../../../api/trust-space/match.ts";
import { readTrustSpace } from "../../../api/trust-space/state.ts";
import type { Context } from "../../../api/context.ts";
import type { Identity } from "../../../mailserver/certificates/authority.ts";
import { openTestDatabase, type TestDatabase } from "./test-database.ts";
import {
  createAuthority,
  createSigners,
  day,
  encode,
  entriesFor,
  issueCrl,
  issueLeaf,
  now,
  operatorDn,
  signedList,
  signerName,
  signerRequest,
  type Signers,
} from "./signed-lists.ts";

let database: TestDatabase;
let signers: Signers;
let ctx: Context;
beforeAll(async () => {
  database = await openTestDatabase();
  signers = await createSigners();
  ctx = database.contextAt(now);
});
afterAll(() => database?.close());

/** Lists are published in order: each one of these tests is an hour later than the one before. */
let published = 10_000;
const publish = (domains: readonly string[], signer: Identity = signers.signer) =>
  signedList(signer, entriesFor(...domains), (published -= 1) * 3600);

const take = (text: string, changes: Partial<Parameters<typeof importWhiteList>[1]> = {}, at = ctx) =>
  importWhiteList(at, {
    bytes: encode(text),
    authorities: [signers.authority.organisations.certificate],
    crls: [signers.crl],
    signerName,
    ...changes,
  });

const statuses = async (...addresses: string[]) =>
  (await checkRecipients(ctx, addresses)).map(({ status }) => status);

describe("a list that is taken", () => {
  it("is in force whole, in place of the former one", async () => {
    expect(await take(await publish(["alpha.mssante.test", "gamma.mssante.test"]))).toMatchObject({
      kind: "imported",
      domainCount: 2,
      entryCount: 2,
    });
    expect(await statuses("a@gamma.mssante.test", "a@delta.mssante.test")).toEqual([
      "listed",
      "not-in-trust-space",
    ]);
    await take(await publish(["alpha.mssante.test", "delta.mssante.test"]));
    expect(await statuses("a@gamma.mssante.test", "a@delta.mssante.test")).toEqual([
      "not-in-trust-space",
      "listed",
    ]);
    expect(await database.rows("select domain from mail_directory.allowed_domain order by domain")).toEqual([
      { domain: "alpha.mssante.test" },
      { domain: "delta.mssante.test" },
    ]);
  });

  it("is audited, and taken once only, also when two workers bring it at once", async () => {
    const text = await publish(["alpha.mssante.test"]);
    const outcomes = await Promise.all([take(text), take(text), take(text)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["imported", "unchanged", "unchanged"]);
    expect((await take(text)).kind).toBe("unchanged");
    expect(await database.rows("select count(*)::int as n from app.white_lists where status = 'in_force'"))
      .toEqual([{ n: 1 }]);
    const [event] = await database.rows("select * from app.audit_events order by id desc limit 1");
    expect(event).toMatchObject({
      action: "white-list.import",
      actor_kind: "system",
      after: { domainCount: 1 },
    });
  });

  it("is never half seen while it replaces another", async () => {
    await take(await publish(["alpha.mssante.test", "beta.mssante.test"]));
    const texts = [];
    for (let index = 0; index < 5; index += 1) {
      texts.push(await publish(["alpha.mssante.test", "beta.mssante.test"]));
    }
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) seen.add((await statuses("x@alpha.mssante.test", "x@beta.mssante.test")).join());
    })();
    const outcomes = [];
    for (const text of texts) outcomes.push((await take(text)).kind);
    isDone = true;
    await reading;
    expect(outcomes).toEqual(texts.map(() => "imported"));
    expect([...seen]).toEqual(["listed,listed"]);
  });

  it("names the certificates that may speak for a domain, attributes in whatever order", async () => {
    await take(await publish(["alpha.mssante.test"]));
    const reversed = operatorDn.split(",").reverse().join(",");
    expect(await matchPeer(ctx, "Alpha.mssante.test", reversed)).toBe("match");
    expect(await matchPeer(ctx, "alpha.mssante.test", reversed.replace("OPERATEUR", "AUTRE"))).toBe(
      "other-dn",
    );
    expect(await matchPeer(ctx, "alpha.mssante.test", "operateur")).toBe("unreadable-dn");
    expect(await matchPeer(ctx, "evil.test", reversed)).toBe("unknown-domain");
  });
});

describe("a list that is refused", () => {
  const refusals: readonly (readonly [string, string, () => ReturnType<typeof take>])[] = [
    [
      "one byte changed",
      "content-altered",
      async () => take((await publish(["evil.test"])).replace("evil", "evit")),
    ],
    ["truncated", "list-truncated", async () => take((await publish(["evil.test"])).slice(0, 900))],
    ["of nothing", "list-truncated", async () => await take("")],
    [
      "with a second Signature",
      "several-signatures",
      async () =>
        take((await publish(["evil.test"])).replace(/<Signature[\s\S]*<\/Signature>/, (one) => one + one)),
    ],
    [
      "with an external entity",
      "forbidden-markup",
      async () =>
        take(
          (await publish(["evil.test"])).replace("<Liste", `<!DOCTYPE l SYSTEM "file:///etc/passwd"><Liste`),
        ),
    ],
    [
      "unsigned",
      "signature-missing",
      async () => take((await publish(["evil.test"])).replace(/<Signature[\s\S]*<\/Signature>/, "")),
    ],
    ["empty", "list-empty", async () => take(await publish([]))],
    [
      "older",
      "list-older",
      async () => take(await signedList(signers.signer, entriesFor("evil.test"), 900 * 86_400)),
    ],
    [
      "of tomorrow",
      "list-in-future",
      async () => take(await signedList(signers.signer, entriesFor("evil.test"), -86_400)),
    ],
    [
      "of an expired signer",
      "signer-expired",
      async () => {
        const request = {
          ...signerRequest,
          notBefore: new Date(now.getTime() - 9 * day),
          notAfter: new Date(now.getTime() - 1),
        };
        return take(
          await publish(["evil.test"], await issueLeaf(signers.authority.organisations, request, now)),
        );
      },
    ],
    [
      "of an unchained signer",
      "signer-unchained",
      async () => {
        const foreign = await createAuthority(now);
        return take(await publish(["evil.test"], await issueLeaf(foreign.organisations, signerRequest, now)));
      },
    ],
    [
      "of a revoked signer",
      "signer-revoked",
      async () => {
        const crl = await issueCrl(signers.authority.organisations, [signers.signer.certificate], now);
        return take(await publish(["evil.test"]), { crls: [crl] });
      },
    ],
    ["without a CRL", "revocation-unknown", async () => take(await publish(["evil.test"]), { crls: [] })],
    [
      "of a server's certificate",
      "signer-usage",
      async () => {
        const request = { ...signerRequest, purpose: "server" as const };
        return take(
          await publish(["evil.test"], await issueLeaf(signers.authority.organisations, request, now)),
        );
      },
    ],
    [
      "of another name",
      "signer-unexpected",
      async () => take(await publish(["evil.test"]), { signerName: "other.test" }),
    ],
  ];

  it.each(refusals)("%s leaves the last good one in force and says %s", async (_, reason, attempt) => {
    await take(await publish(["alpha.mssante.test"]));
    const before = (await readTrustSpace(ctx)).list;
    expect(await attempt()).toEqual({ kind: "refused", reason });
    const state = await readTrustSpace(ctx);
    expect(state.list).toEqual(before);
    expect(state.lastRefusal).toMatchObject({ reason, at: now });
    expect(await statuses("x@alpha.mssante.test", "x@evil.test")).toEqual(["listed", "not-in-trust-space"]);
    const [event] = await database.rows(
      "select action, after from app.audit_events order by id desc limit 1",
    );
    expect(event).toMatchObject({ action: "white-list.refuse", after: { reason } });
  });

  it("later, since its signer has expired meanwhile, leaves the one in force that the same signer signed", async () => {
    const text = await publish(["alpha.mssante.test"]);
    await take(text);
    const inFourYears = database.contextAt(new Date(now.getTime() + 4 * 365 * day));
    expect((await take(text, {}, inFourYears)).kind).toBe("unchanged");
    expect(await take(await publish(["beta.mssante.test"]), {}, inFourYears))
      .toEqual({ kind: "refused", reason: "signer-expired" });
    expect(await statuses("x@alpha.mssante.test")).toEqual(["listed"]);
  });
});

describe("who may import", () => {
  it("is the platform, not a person who has signed in", async () => {
    const person = {
      kind: "person",
      personId: crypto.randomUUID(),
      sessionId: crypto.randomUUID(),
      displayName: "Dr Anne ALLARD",
      idNatPs: "899900000011",
      operatorRoles: [],
      memberships: [],
    } as const;
    const text = await publish(["evil.test"]);
    await expect(take(text, {}, { ...ctx, actor: person })).rejects.toMatchObject({ slug: "forbidden" });
    await expect(take(text, {}, { ...ctx, actor: { kind: "anonymous" } })).rejects.toMatchObject({
      slug: "sign-in-required",
    });
  });
});
