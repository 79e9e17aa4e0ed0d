import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificateKeys } from "../../../api/client-access/mod.ts";
import { createAuthority, issueLeaf } from "../../../mailserver/certificates/authority.ts";
import type { X509Certificate } from "../../../mailserver/certificates/x509.ts";
import type { Tenant } from "../../support/tenants.ts";
import { newAddress, openStage, type Stage } from "./stage.ts";

/** As GnuTLS (Exim) writes a name: in the certificate's order. */
const exim = {
  subject: `C=FR,O=HOPITAL D'ESSAI\\, SUD \\"é\\",OU=1750000123,CN=dpi.hopital.test,EMAIL=a@b.test`,
  issuer: "C=FR,O=ASIP-SANTE,OU=0002 187512751,OU=IGC-SANTE,CN=TEST AC ORGANISATIONS",
  serial: "0a1b2c",
};
/** As OpenSSL (nginx) does: the other way round, non-ASCII escaped, other names. */
const nginx = {
  subject:
    `emailAddress=a@b.test,CN=dpi.hopital.test,OU=1750000123,O=HOPITAL D'ESSAI\\, SUD \\"\\C3\\A9\\",C=FR`,
  issuer: "CN=TEST AC ORGANISATIONS,OU=IGC-SANTE,OU=0002 187512751,O=ASIP-SANTE,C=FR",
  serial: "0A1B2C",
};

describe("names of a certificate", () => {
  it("are the same whichever program wrote them", () => {
    expect(certificateKeys(exim)).toEqual(certificateKeys(nginx));
    expect(certificateKeys(exim)).toMatchObject({ serial: "a1b2c" });
    const oid = { ...exim, subject: "CN=x,2.5.4.97=#0c0b4e545246522d31323334" };
    const named = { ...exim, subject: "organizationIdentifier=NTRFR-1234 ,CN=x" };
    expect(certificateKeys({ ...oid, subject: "CN=x,2.5.4.97=#0c0a4e545246522d31323334" })?.subjectKey)
      .toBe(certificateKeys(named)?.subjectKey);
    // A length that is not its own is no text: it equals nothing but itself.
    expect(certificateKeys(oid)?.subjectKey).not.toBe(certificateKeys(named)?.subjectKey);
  });

  it.each([
    ["another value", { subject: exim.subject.replace("1750000123", "1750000124") }],
    ["one attribute less", { subject: exim.subject.replace(",EMAIL=a@b.test", "") }],
    ["one attribute twice", { subject: `${exim.subject},OU=1750000123` }],
    ["a comma that separates", { subject: exim.subject.replace("\\, SUD", ",L=SUD") }],
    ["another issuer", { issuer: exim.issuer.replace("ORGANISATIONS", "PERSONNES") }],
    ["another serial", { serial: "0a1b2d" }],
  ])("differ by %s", (_what, change) => {
    expect(certificateKeys({ ...exim, ...change })).not.toEqual(certificateKeys(exim));
  });

  it.each([
    ["no subject", { subject: "" }],
    ["a subject that is none", { subject: "dpi" }],
    ["an unfinished escape", { subject: "CN=a\\" }],
    ["no issuer", { issuer: " " }],
    ["a serial that is none", { serial: "12;34" }],
    ["no serial", { serial: "" }],
  ])("with %s are none", (_what, change) => {
    expect(certificateKeys({ ...exim, ...change })).toBeUndefined();
  });
});

describe("signing in at the edge with a client certificate", () => {
  let stage: Stage;
  let tenant: Tenant;
  let leaf: X509Certificate;
  let box: { id: string; address: string };
  let second: { id: string; address: string };
  beforeAll(async () => {
    stage = await openStage();
    tenant = await stage.tenant();
    box = await stage.box(tenant, { type: "APP" });
    second = await stage.box(tenant, { type: "APP" });
    leaf = await newLeaf();
  });
  afterAll(async () => await stage.close());

  async function newLeaf(notAfter?: Date): Promise<X509Certificate> {
    const authority = await createAuthority(new Date());
    const made = await issueLeaf(authority.organisations, {
      purpose: "client",
      commonName: `dpi-${crypto.randomUUID()}`,
      organisation: 'HOPITAL D\'ESSAI, SUD "é"',
      idNatStruct: "1750000123",
      department: "Paris (75)",
      ...(notAfter === undefined ? {} : { notAfter }),
    }, new Date());
    return made.certificate;
  }
  const digestOf = (certificate: X509Certificate) =>
    createHash("sha256").update(new Uint8Array(certificate.rawData)).digest("hex");
  const namesOf = (certificate: X509Certificate) => ({
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serialNumber,
  });
  async function register(
    certificate: X509Certificate,
    { structureId }: Tenant,
    mailboxIds: readonly string[],
  ): Promise<string> {
    const keys = certificateKeys(namesOf(certificate))!;
    const { subject, issuer } = namesOf(certificate);
    const [row] = await stage.platform.rows(
      `insert into app.client_certificates (structure_id, label, subject, issuer, subject_key, issuer_key, serial, sha256, not_after)
       values ($1, 'DPI', $2, $3, $4, $5, $6, decode($7, 'hex'), $8) returning id`,
      [
        structureId,
        subject,
        issuer,
        keys.subjectKey,
        keys.issuerKey,
        keys.serial,
        digestOf(certificate),
        certificate.notAfter,
      ],
    );
    for (const mailboxId of mailboxIds) {
      await stage.platform.rows(
        "insert into app.client_certificate_mailboxes (structure_id, certificate_id, mailbox_id) values ($1, $2, $3)",
        [structureId, row?.id, mailboxId],
      );
    }
    return String(row?.id);
  }
  /** As Exim tells of it. */
  const present = (certificate: X509Certificate, change: Record<string, string> = {}) => ({
    mech: "EXTERNAL",
    cert_subject: certificate.subject,
    cert_issuer: certificate.issuer,
    cert_serial: certificate.serialNumber.toLowerCase(),
    cert_sha256: digestOf(certificate).toUpperCase(),
    ip: newAddress(),
    ...change,
  });
  const tryIn = async (attempt: Parameters<Stage["signIn"]>[0]) => {
    const before = (await stage.refusals()).length;
    const { status, body } = await stage.signIn(attempt);
    return [status, body?.box ?? (await stage.refusals())[before]?.reason];
  };

  it("opens each box of the certificate by its name, and the only one without a name", async () => {
    const id = await register(leaf, tenant, [box.id, second.id]);
    const username = box.address;
    for (const service of ["imap", "submission"] as const) {
      const answer = await stage.signIn({ ...present(leaf), username, service });
      expect(answer.body).toEqual({ box: box.address, person: `certificate:${id}@${box.id}` });
    }
    expect(await tryIn({ ...present(leaf), username: second.address })).toEqual([200, second.address]);
    expect(await tryIn({ ...present(leaf), username: "" })).toEqual([403, "box-not-named"]);
    const single = await newLeaf();
    await register(single, tenant, [second.id]);
    expect(await tryIn(present(single))).toEqual([200, second.address]);
    const [event] = await stage.platform.rows(
      "select actor_kind, actor_label, after from app.audit_events where action = 'edge.sign-in' and after ->> 'certificateId' = $1 order by id limit 1",
      [id],
    );
    expect(event).toMatchObject({
      actor_kind: "service",
      actor_label: "DPI",
      after: { factor: "certificate" },
    });
  });

  it("sends as its boxes and no other", async () => {
    const sender = await newLeaf();
    const id = await register(sender, tenant, [box.id, second.id]);
    const third = await stage.box(tenant, { type: "APP" });
    const as = async (address: string) =>
      (await stage.check({ box: box.address, person: `certificate:${id}@${box.id}`, sender: address }))
        .status;
    expect([await as(box.address), await as(second.address), await as(third.address)]).toEqual([
      200,
      200,
      403,
    ]);
    expect((await stage.refusals()).at(-1)?.reason).toBe("certificate-other-box");
  });

  it("is refused with its own reason", async () => {
    const certificate = await newLeaf();
    const stranger = await newLeaf();
    const id = await register(certificate, tenant, [box.id]);
    const elsewhere = await stage.tenant();
    const foreign = await stage.box(elsewhere, { type: "APP" });
    await register(await newLeaf(), elsewhere, [foreign.id]);
    const expiring = await newLeaf(new Date(Date.now() + 30_000));
    await register(expiring, tenant, [box.id]);
    const username = box.address;
    const other = (change: Record<string, string>) => tryIn({ ...present(certificate, change), username });
    expect(await tryIn({ ...present(certificate), username })).toEqual([200, box.address]);
    expect(await tryIn({ ...present(stranger), username })).toEqual([403, "certificate-unknown"]);
    expect(await other({ cert_serial: "1234" })).toEqual([403, "certificate-unknown"]);
    expect(await other({ cert_issuer: "CN=other" })).toEqual([403, "certificate-unknown"]);
    expect(await other({ cert_subject: "CN=other" })).toEqual([403, "certificate-subject"]);
    expect(await other({ cert_sha256: "00" })).toEqual([403, "certificate-digest"]);
    expect(await other({ cert_subject: "garbage" })).toEqual([403, "certificate-unreadable"]);
    expect(await other({ cert_serial: "" })).toEqual([403, "certificate-not-verified"]);
    expect(await tryIn({ ...present(certificate), username: second.address })).toEqual([
      403,
      "certificate-other-box",
    ]);
    expect(await tryIn({ ...present(certificate), username: foreign.address })).toEqual([
      403,
      "certificate-unknown",
    ]);
    expect(await tryIn({ ...present(certificate), username: "nobody@x.test" })).toEqual([403, "box-unknown"]);
    stage.platform.pass(3_600);
    expect(await tryIn({ ...present(expiring), username })).toEqual([403, "certificate-expired"]);
    await stage.platform.rows("update app.client_certificates set withdrawn_at = now() where id = $1", [id]);
    expect(await tryIn({ ...present(certificate), username })).toEqual([403, "certificate-withdrawn"]);
    expect(await tryIn(present(certificate))).toEqual([403, "certificate-withdrawn"]);
  });

  it("is renewed without a gap: both open until the old one is withdrawn", async () => {
    const [old, renewed] = [await newLeaf(), await newLeaf()];
    const subject = { cert_subject: old.subject };
    const oldId = await register(old, tenant, [box.id]);
    const newId = await register(renewed, tenant, [box.id]);
    // Of the same subject, as an authority renews it: serial number and digest are its own.
    await stage.platform.rows(
      "update app.client_certificates c set subject_key = o.subject_key from app.client_certificates o where c.id = $1 and o.id = $2",
      [newId, oldId],
    );
    const username = box.address;
    expect(await tryIn({ ...present(old), username })).toEqual([200, username]);
    expect(await tryIn({ ...present(renewed, subject), username })).toEqual([200, username]);
    // One's number with the other's digest is neither.
    expect(await tryIn({ ...present(renewed, { ...subject, cert_sha256: digestOf(old) }), username }))
      .toEqual([403, "certificate-digest"]);
    await stage.platform.rows("update app.client_certificates set withdrawn_at = now() where id = $1", [
      oldId,
    ]);
    expect(await tryIn({ ...present(old), username })).toEqual([403, "certificate-withdrawn"]);
    expect(await tryIn({ ...present(renewed, subject), username })).toEqual([200, username]);
  });

  it("of one structure opens no box of another that has registered the same certificate", async () => {
    const shared = await newLeaf();
    const elsewhere = await stage.tenant();
    const [foreign, closed] = [
      await stage.box(elsewhere, { type: "APP" }),
      await stage.box(elsewhere, { type: "APP" }),
    ];
    await register(shared, tenant, [box.id]);
    await register(shared, elsewhere, [foreign.id]);
    // A provider's software for two structures: each has said which of its own boxes it opens.
    expect(await tryIn({ ...present(shared), username: box.address })).toEqual([200, box.address]);
    expect(await tryIn({ ...present(shared), username: foreign.address })).toEqual([200, foreign.address]);
    expect(await tryIn({ ...present(shared), username: closed.address })).toEqual([
      403,
      "certificate-other-box",
    ]);
    expect(await tryIn({ ...present(shared), username: second.address })).toEqual([
      403,
      "certificate-other-box",
    ]);
    expect(await tryIn(present(shared))).toEqual([403, "box-not-named"]);
    await stage.platform.rows("update app.structures set status = 'suspended' where id = $1", [
      elsewhere.structureId,
    ]);
    expect(await tryIn({ ...present(shared), username: foreign.address })).toEqual([
      403,
      "structure-suspended",
    ]);
    expect(await tryIn({ ...present(shared), username: box.address })).toEqual([200, box.address]);
  });

  describe("over IMAP, where nginx has seen it", () => {
    const headersOf = (certificate: X509Certificate, user: string) => ({
      "auth-method": "external",
      "auth-user": encodeURIComponent(user),
      "auth-protocol": "imap",
      "client-ip": newAddress(),
      "auth-ssl-verify": "SUCCESS",
      "auth-ssl-subject": certificate.subject.split(", ").toReversed().join(",").replace("é", "\\C3\\A9"),
      "auth-ssl-issuer": certificate.issuer.split(", ").toReversed().join(","),
      "auth-ssl-serial": certificate.serialNumber.toUpperCase(),
      "auth-ssl-cert": encodeURIComponent(certificate.toString("pem")),
    });
    let certificate: X509Certificate;
    let id: string;
    beforeAll(async () => {
      certificate = await newLeaf();
      id = await register(certificate, tenant, [box.id]);
    });
    const redeem = (username: string, secret: string) =>
      stage.signInByForm({ mech: "PLAIN", username, secret, ip: "127.0.0.1" });

    it("gets a ticket that opens its box at Dovecot, once, and is traced once", async () => {
      const signIns = async () =>
        (await stage.platform.rows(
          "select 1 from app.audit_events where action = 'edge.sign-in' and after ->> 'certificateId' = $1",
          [id],
        )).length;
      const before = await signIns();
      const answer = await stage.ask("/edge/nginx", { headers: headersOf(certificate, box.address) });
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "auth-status": "OK",
        "auth-server": "127.0.0.1",
        "auth-port": "2143",
        "auth-user": box.address,
      });
      const ticket = answer.headers.get("auth-pass") ?? "";
      expect((await redeem(second.address, "mss_et_x")).status).toBe(403);
      const redeemed = await redeem(box.address, ticket);
      expect(redeemed.text).toBe(`user=${box.address}\nperson=certificate:${id}@${box.id}\n`);
      expect((await redeem(box.address, ticket)).status).toBe(403);
      expect((await stage.refusals()).at(-1)?.reason).toBe("ticket-unknown");
      expect(await signIns()).toBe(before + 1);
    });

    it("cannot take its ticket to another box, and has lost it then", async () => {
      const answer = await stage.ask("/edge/nginx", { headers: headersOf(certificate, box.address) });
      const ticket = answer.headers.get("auth-pass") ?? "";
      expect((await redeem(second.address, ticket)).status).toBe(403);
      expect((await stage.refusals()).at(-1)?.reason).toBe("ticket-other-box");
      expect((await redeem(box.address, ticket)).status).toBe(403);
    });

    it("is refused in one sentence, and slowed", async () => {
      const stranger = await newLeaf();
      const faults = [
        headersOf(stranger, box.address),
        { ...headersOf(certificate, box.address), "auth-ssl-verify": "NONE" },
        { ...headersOf(certificate, box.address), "auth-method": "plain" },
        {
          ...headersOf(certificate, box.address),
          "auth-ssl-cert": encodeURIComponent(stranger.toString("pem")),
        },
        headersOf(certificate, second.address),
      ];
      for (const headers of faults) {
        const answer = await stage.ask("/edge/nginx", { headers });
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          "auth-status": "[AUTHENTICATIONFAILED] Authentication failed.",
          "auth-wait": "2",
        });
        expect(answer.headers.has("auth-pass")).toBe(false);
      }
    });
  });
});
