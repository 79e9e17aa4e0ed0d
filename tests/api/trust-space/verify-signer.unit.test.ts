import { beforeAll, describe, expect, it } from "vitest";
import {
  readAuthorities,
  readCrls,
  type SignerPolicy,
  verifySigner,
} from "../../../api/trust-space/verify-signer.ts";
import { crlPem } from "../../../mailserver/certificates/directory.ts";
import {
  createAuthority,
  createIntermediate,
  createSigners,
  day,
  encode,
  issueCrl,
  issueLeaf,
  now,
  signerName,
  signerRequest,
  type Signers,
} from "./signed-lists.ts";

let signers: Signers;
let policy: SignerPolicy;
beforeAll(async () => {
  signers = await createSigners();
  const authorities = [signers.authority.organisations.certificate, signers.authority.root.certificate];
  policy = { authorities, crls: [signers.crl], signerName, at: now };
});

const issue = (changes: Partial<typeof signerRequest>) =>
  issueLeaf(signers.authority.organisations, { ...signerRequest, ...changes }, now);
const reasonOf = async (
  certificate: Signers["signer"]["certificate"],
  changes: Partial<SignerPolicy> = {},
) => {
  const result = await verifySigner(certificate, { ...policy, ...changes });
  return result.ok ? "ok" : result.reason;
};

describe("a signer of the white list", () => {
  it("may sign when a configured authority issued it, at that instant, unrevoked", async () => {
    expect(await reasonOf(signers.signer.certificate)).toBe("ok");
    expect(await reasonOf(signers.signer.certificate, { authorities: policy.authorities.slice(0, 1) })).toBe(
      "ok",
    );
  });

  it("is judged at the instant passed in, not at the machine's", async () => {
    const later = new Date(now.getTime() + 4 * 365 * day);
    expect(await reasonOf(signers.signer.certificate, { at: later })).toBe("signer-expired");
    const before = new Date(now.getTime() - 60 * day);
    expect(await reasonOf(signers.signer.certificate, { at: before })).toBe("signer-not-yet-valid");
  });

  it("is refused under another name", async () => {
    const { certificate } = await issue({ commonName: "mss.autre.test" });
    expect(await reasonOf(certificate)).toBe("signer-unexpected");
  });

  it("is refused when a foreign authority of the same names issued it", async () => {
    const names = signers.authority;
    const foreign = await createAuthority(now, commonName(names.root), commonName(names.organisations));
    const { certificate } = await issueLeaf(foreign.organisations, signerRequest, now);
    expect(await reasonOf(certificate)).toBe("signer-unchained");
  });

  it("is refused when another family of the same root issued it, or the root alone is its link", async () => {
    const other = await createIntermediate(
      signers.authority.root,
      "TEST AC IGC-SANTE ELEMENTAIRE PERSONNES",
      now,
    );
    const { certificate } = await issueLeaf(other, signerRequest, now);
    expect(await reasonOf(certificate)).toBe("signer-unchained");
    const rootOnly = [signers.authority.root.certificate];
    expect(await reasonOf(signers.signer.certificate, { authorities: rootOnly })).toBe("signer-unchained");
  });

  it("is refused when a leaf issued it", async () => {
    const { certificate } = await issueLeaf(signers.signer, signerRequest, now);
    expect(await reasonOf(certificate, { authorities: [...policy.authorities, signers.signer.certificate] }))
      .toBe("signer-unchained");
  });

  it("is refused when its authority has expired", async () => {
    const at = new Date(now.getTime() + 3290 * day);
    const { certificate } = await issue({ notAfter: new Date(now.getTime() + 3600 * day) });
    expect(await reasonOf(certificate, { at })).toBe("signer-expired");
  });

  it("is refused when it is a server's or a client's certificate of the same authority", async () => {
    for (const purpose of ["server", "client"] as const) {
      expect(await reasonOf((await issue({ purpose })).certificate)).toBe("signer-usage");
    }
  });
});

describe("the revocation of a signer", () => {
  it("is read from its authority's CRL, also from one past its date", async () => {
    const { organisations } = signers.authority;
    const fresh = await issueCrl(organisations, [signers.signer.certificate], now);
    expect(await reasonOf(signers.signer.certificate, { crls: [fresh] })).toBe("signer-revoked");
    const old = await issueCrl(
      organisations,
      [signers.signer.certificate],
      new Date(now.getTime() - 30 * day),
    );
    expect(await reasonOf(signers.signer.certificate, { crls: [old, signers.crl] })).toBe("signer-revoked");
  });

  it("is unknown, and the list refused, without a fresh CRL of that authority", async () => {
    const { organisations, root } = signers.authority;
    const foreign = await createAuthority(now, commonName(root), commonName(organisations));
    const unknown = [
      [],
      [await issueCrl(organisations, [], new Date(now.getTime() - 30 * day))],
      [await issueCrl(organisations, [], new Date(now.getTime() + day))],
      [await issueCrl(root, [], now)],
      [await issueCrl(foreign.organisations, [], now)],
    ];
    for (const crls of unknown) {
      expect(await reasonOf(signers.signer.certificate, { crls })).toBe("revocation-unknown");
    }
  });

  it("of its authority is heeded when the root's CRL says it", async () => {
    const { organisations, root } = signers.authority;
    const crls = [signers.crl, await issueCrl(root, [organisations.certificate], now)];
    expect(await reasonOf(signers.signer.certificate, { crls })).toBe("signer-revoked");
  });
});

describe("the files of the operator", () => {
  it("gives every certificate of a trust file, and refuses an empty one", () => {
    const pem = policy.authorities.map((one) => one.toString("pem")).join("\n");
    expect(readAuthorities(`# IGC-Santé\n${pem}\n`).map((one) => one.subject))
      .toEqual(policy.authorities.map((one) => one.subject));
    expect(() => readAuthorities("")).toThrow("no certificate");
  });

  it("reads a CRL in DER or PEM, and takes anything else for no CRL", () => {
    const der = new Uint8Array(signers.crl.rawData);
    expect(readCrls(der)).toHaveLength(1);
    expect(readCrls(encode(crlPem(signers.crl) + crlPem(signers.crl)))).toHaveLength(2);
    expect(readCrls(encode("<html>403</html>"))).toEqual([]);
    expect(readCrls(der.slice(0, 40))).toEqual([]);
    expect(readCrls(new Uint8Array())).toEqual([]);
  });
});

function commonName({ certificate }: Signers["signer"]): string {
  return certificate.subjectName.getField("CN")[0] ?? "";
}
