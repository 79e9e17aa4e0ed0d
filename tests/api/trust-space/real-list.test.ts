/**
 * The list of the ANS of 28/02/2025, as it was published. It is never committed: MSS_TEST_REAL_WHITE_LIST names it, or
 * it lies in `shared/data` beside the repository. Its authority's certificate is not public, so what is proved on it is
 * the signature, the signer's validity at the list's own date, and the content; the chain is proved on lists of ours.
 */
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { importWhiteList } from "../../../api/trust-space/import.ts";
import { checkRecipients } from "../../../api/trust-space/match.ts";
import { parseWhiteList } from "../../../api/trust-space/parse.ts";
import { verifySignature } from "../../../api/trust-space/verify-signature.ts";
import { verifySigner } from "../../../api/trust-space/verify-signer.ts";
import { createSigners, encode, now, signerName, signList } from "./signed-lists.ts";
import { openTestDatabase } from "./test-database.ts";

const beside = new URL("../../../../shared/data/listeblanchemssante-2025-02-28.xml", import.meta.url);
const path = process.env["MSS_TEST_REAL_WHITE_LIST"] ?? fileURLToPath(beside);
const isHere = existsSync(path);
if (!isHere) {
  console.warn(
    "The real white list is absent (set MSS_TEST_REAL_WHITE_LIST to its path): its test is skipped.",
  );
}

describe.skipIf(!isHere)("the real list of 28/02/2025 (absent: set MSS_TEST_REAL_WHITE_LIST)", () => {
  it("bears a valid signature, and holds 4 944 domains in 6 494 entries", { timeout: 60_000 }, async () => {
    const bytes = readFileSync(path);
    const started = performance.now();
    const signature = verifySignature(bytes);
    if (!signature.ok) throw new Error(signature.reason);
    const verified = performance.now();
    const parsed = parseWhiteList(signature.signedXml);
    if (!parsed.ok) throw new Error(parsed.reason);
    console.info(
      `verified in ${Math.round(verified - started)} ms, read in ${
        Math.round(performance.now() - verified)
      } ms`,
    );

    const { list } = parsed;
    expect(list.generatedAt.toISOString()).toBe("2025-02-28T15:42:07.000Z");
    expect(list.domains.size).toBe(4944);
    expect(list.entryCount).toBe(6494);
    expect(list.unreadable).toEqual([]);
    const sizes = Array.from(list.domains.values(), (dns) => dns.size);
    expect(Math.max(...sizes)).toBe(5);
    expect(list.domains.has("patient.mssante.fr")).toBe(true);
    expect(list.domains.has("interop-mssante.apicrypt.org")).toBe(true);

    const { signer } = signature;
    expect(signer.subjectName.getField("CN")).toEqual(["alb.mssante.fr"]);
    expect(list.generatedAt > signer.notBefore && list.generatedAt < signer.notAfter).toBe(true);
    const policy = { authorities: [], crls: [], signerName: "alb.mssante.fr", at: list.generatedAt };
    expect(await verifySigner(signer, policy)).toMatchObject({ ok: false, reason: "signer-unchained" });
  });

  it("is taken whole when an authority of ours has signed it anew", { timeout: 120_000 }, async () => {
    const database = await openTestDatabase();
    try {
      const { authority, signer, crl } = await createSigners();
      const unsigned = readFileSync(path, "utf8").replace(/<Signature [\s\S]*<\/Signature>/, "");
      const bytes = encode(await signList(unsigned, signer));
      const started = performance.now();
      let longestPause = 0;
      let last = started;
      const pulse = setInterval(() => {
        longestPause = Math.max(longestPause, performance.now() - last);
        last = performance.now();
      }, 20);
      const outcome = await importWhiteList(database.contextAt(now), {
        bytes,
        authorities: [authority.organisations.certificate],
        crls: [crl],
        signerName,
      });
      clearInterval(pulse);
      console.info(
        `imported in ${Math.round(performance.now() - started)} ms, others waited ${
          Math.round(longestPause)
        } ms`,
      );
      expect(longestPause).toBeLessThan(1500); // the jobs beside it go on
      expect(outcome).toMatchObject({ kind: "imported", domainCount: 4944, entryCount: 6494 });
      expect(await database.rows("select count(*)::int as n from mail_directory.allowed_domain")).toEqual([{
        n: 4944,
      }]);
      const checking = performance.now();
      const asked = Array.from({ length: 100 }, (_, index) => `dr@d${index}.mssante.fr`);
      const found = await checkRecipients(database.contextAt(now), ["dr@patient.mssante.fr", ...asked]);
      console.info(`101 recipients checked in ${Math.round(performance.now() - checking)} ms`);
      expect(found[0]?.status).toBe("listed");
      expect(found[1]?.status).toBe("not-in-trust-space");
    } finally {
      await database.close();
    }
  });
});
