import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureCertificates, type TestCertificates } from "../../../mailserver/certificates/directory.ts";
import { PemConverter, X509Crl } from "../../../mailserver/certificates/x509.ts";

const now = new Date("2026-11-21T08:00:00Z");
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "certificates-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const serials = (made: TestCertificates) =>
  [made.root, made.organisations, made.listSigner, made.revokedSigner].map((one) =>
    one.certificate.serialNumber
  );

describe("the test authority on disk", () => {
  it("is made once, and found again at the next start with keys that still sign", async () => {
    const first = await ensureCertificates(directory, now);
    const second = await ensureCertificates(directory, now);
    expect(serials(second)).toEqual(serials(first));
    const data = new TextEncoder().encode("signed after a restart");
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", second.listSigner.keys.privateKey, data);
    expect(await crypto.subtle.verify("RSASSA-PKCS1-v1_5", first.listSigner.keys.publicKey, signature, data))
      .toBe(true);
  });

  it("is made anew when its making was interrupted, or its signer has expired", async () => {
    const first = await ensureCertificates(directory, now);
    await rm(join(directory, "list-signer.key"));
    const second = await ensureCertificates(directory, now);
    expect(serials(second)).not.toEqual(serials(first));
    const inFourYears = new Date(now.getTime() + 4 * 365 * 86_400_000);
    const third = await ensureCertificates(directory, inFourYears);
    expect(serials(third)).not.toEqual(serials(second));
    expect(third.listSigner.certificate.notAfter > inFourYears).toBe(true);
  });

  it("lets its owner alone read the keys, and names the authority and the revoked signer in its public files", async () => {
    const made = await ensureCertificates(directory, now);
    for (const file of await readdir(directory)) {
      const { mode } = await stat(join(directory, file));
      if (file.endsWith(".key")) expect((mode & 0o077).toString(8), file).toBe("0");
      else expect(await readFile(join(directory, file), "utf8")).not.toContain("PRIVATE KEY");
    }
    const trusted = PemConverter.decode(await readFile(made.trustFile, "utf8"));
    expect(trusted).toHaveLength(2);
    const crl = new X509Crl(await readFile(made.crlFile, "utf8"));
    expect(await crl.verify({ publicKey: made.organisations.certificate })).toBe(true);
    expect(crl.findRevoked(made.revokedSigner.certificate)).not.toBeNull();
    expect(crl.findRevoked(made.listSigner.certificate)).toBeNull();
  });
});
