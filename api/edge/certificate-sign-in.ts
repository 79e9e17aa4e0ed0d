import { Buffer } from "node:buffer";
import { inSystem } from "../database/in-tenant.ts";
import { type Attempt, toAddress } from "./attempt.ts";
import { certificateKeys } from "../client-access/mod.ts";
import { type EdgeDeps, type Examined, nobody } from "./examined.ts";
import { type CertificateRow, findBox, findStructure, listCertificates } from "./queries.ts";
import type { EdgeRefusal } from "./refusal.ts";

/**
 * The certificate that the connection was made with, among those registered. The TLS library in front has checked its chain and
 * revocation list; here its issuer, serial and subject must all be those registered, and its digest where it is told: a list of
 * another authority must not let through what it did not name. A box may be named, else the certificate has one alone.
 */
export async function chooseCertificate(deps: EdgeDeps, attempt: Attempt): Promise<Examined> {
  const refuse = (reason: EdgeRefusal, mailboxId?: string): Examined => ({
    ok: false,
    reason,
    mailboxId,
    isGuess: false,
  });
  const { certificate, username } = attempt;
  if (certificate === undefined) return refuse("certificate-not-verified");
  const keys = certificateKeys(certificate);
  if (keys === undefined) return refuse("certificate-unreadable");
  return await inSystem(deps, async (tx): Promise<Examined> => {
    const found = await listCertificates(tx, keys.issuerKey, keys.serial);
    const named = username === "" ? undefined : await findBox(tx, toAddress(username));
    if (found.length === 0) return refuse("certificate-unknown", named);
    const same = found.filter((one) => one.subject_key === keys.subjectKey);
    if (same.length === 0) return refuse("certificate-subject", named);
    const whole = same.filter((one) => isDigest(one, certificate.sha256));
    if (whole.length === 0) return refuse("certificate-digest", named);
    if (username === "") return chooseBox(whole, refuse);
    const structureId = named === undefined ? undefined : await findStructure(tx, named);
    const registered = whole.find((one) => one.structure_id === structureId);
    // Of another structure: the box is not its own, whatever it is called.
    const { id } = registered ?? whole[0]!;
    return { ok: true, proof: { kind: "certificate", id, mailboxId: named ?? nobody } };
  });
}

function chooseBox(
  certificates: readonly CertificateRow[],
  refuse: (reason: EdgeRefusal) => Examined,
): Examined {
  const live = certificates.filter((one) => !one.is_withdrawn);
  if (live.length === 0) return refuse("certificate-withdrawn");
  const boxes = live.flatMap(({ id, mailbox_ids }) => mailbox_ids.map((mailboxId) => ({ id, mailboxId })));
  const [only, ...others] = boxes;
  if (only === undefined) return refuse("certificate-other-box");
  if (others.length > 0) return refuse("box-not-named");
  return { ok: true, proof: { kind: "certificate", ...only } };
}

/** nginx tells the digest of none; Exim tells it in capitals. */
function isDigest({ sha256 }: CertificateRow, told: string): boolean {
  return told === "" || Buffer.from(sha256).toString("hex") === told.toLowerCase();
}
