/**
 * The list of the ANS of 28/02/2025, as it was published. It is never committed: MSS_TEST_REAL_WHITE_LIST names it, or
 * it lies in `shared/data` beside the repository. Its authority's certificate is not public, so what is proved on it is
 * the signature, the signer's validity at the list's own date, and the content; the chain is proved on lists of ours.
 */
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseWhiteList } from "../../../api/trust-space/parse.ts";
import { verifySignature } from "../../../api/trust-space/verify-signature.ts";
import { verifySigner } from "../../../api/trust-space/verify-signer.ts";

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

  it("is refused with one byte changed", { timeout: 60_000 }, () => {
    const bytes = readFileSync(path);
    const at = bytes.indexOf("<Nom>") + 5;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(verifySignature(bytes)).toMatchObject({ ok: false, reason: "content-altered" });
  });
});
