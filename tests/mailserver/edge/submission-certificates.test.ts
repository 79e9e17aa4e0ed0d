/** Applicative boxes: software that signs in with the certificate of its structure. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base64, sasl, SmtpClient } from "../../support/smtp-client.ts";
import type { Authorities } from "./authorities.ts";
import {
  anne,
  bruno,
  letter,
  password,
  startSubmissionStand,
  type SubmissionStand,
} from "./submission-stand.ts";

let stand: SubmissionStand;
const laboratory = "labo@alpha.mssante.test";
const imaging = "imagerie@alpha.mssante.test";

beforeAll(async () => {
  stand = await startSubmissionStand({ hasCertificates: true });
  const grant = (box: string) => ({ box, person: `certificate:7@${box}` });
  stand.api.grants.set(stand.authorities.valid.serial, {
    "": grant(laboratory),
    [laboratory]: grant(laboratory),
    [imaging]: grant(imaging),
  });
  for (const box of [laboratory, imaging]) stand.api.senders.set(`certificate:7@${box}`, { [box]: box });
});
afterAll(() => stand?.stop());

const connect = () => SmtpClient.secure(stand.applications, stand.authorities.valid);

test("the port offers EXTERNAL and nothing else; the others do not ask for a certificate", async () => {
  const client = await connect();
  expect(await client.say("EHLO client.test")).toMatch(/^250-AUTH EXTERNAL\r$/m);
  expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^504/);
  client.close();
  const person = await SmtpClient.secure(stand.persons, stand.authorities.valid);
  expect(await person.say("EHLO client.test")).not.toMatch(/EXTERNAL/);
  person.close();
});

test.each([
  ["names the box at once", `AUTH EXTERNAL ${base64(imaging)}`, undefined, imaging],
  ["names it after the prompt", "AUTH EXTERNAL", base64(imaging), imaging],
  ["names none", "AUTH EXTERNAL =", undefined, laboratory],
])("software that %s sends as that box", async (_, command, then, box) => {
  const client = await connect();
  const first = await client.say(command);
  expect(then === undefined ? first : await client.say(then)).toMatch(/^235/);
  expect(await client.mail(box, [bruno], letter([`From: ${box}`]))).toMatch(/^250/);
  expect(await client.mail(box === imaging ? laboratory : imaging, [bruno], letter())).toMatch(/^553/);
  client.close();
});

test("the API is given subject, issuer, serial number and digest", async () => {
  const client = await connect();
  await client.say(`AUTH EXTERNAL ${base64(laboratory)}`);
  client.close();
  const { valid } = stand.authorities;
  const { fields } = stand.api.calls.findLast(({ path }) => path === "/edge/auth")!;
  expect(fields).toMatchObject({ mech: "EXTERNAL", username: laboratory, cert_serial: valid.serial });
  expect(fields["cert_subject"]).toContain("O=HOPITAL D'ESSAI\\, SUD,OU=1750000123,CN=dpi.hopital.test");
  expect(fields["cert_issuer"]).toContain("CN=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", valid.der)).toHex();
  expect(fields["cert_sha256"]).toBe(digest.toUpperCase());
});

test("a box that the certificate is not for is refused: 535", async () => {
  const client = await connect();
  expect(await client.say(`AUTH EXTERNAL ${base64(anne)}`)).toMatch(/^535/);
  client.close();
});

// What it may be used for is looked at when it is registered: the API knows none that is for servers only.
test("a certificate made for servers only gets through TLS and no further", async () => {
  const client = await SmtpClient.secure(stand.applications, stand.authorities.serverOnly);
  expect(await client.say(`AUTH EXTERNAL ${base64(laboratory)}`)).toMatch(/^535/);
  client.close();
});

describe("the handshake is refused", () => {
  test.each<keyof Authorities>(["revoked", "expired", "foreign"])(
    "to a certificate that is %s",
    async (kind) => {
      const identity = stand.authorities[kind] as Authorities["valid"];
      stand.api.grants.set(identity.serial, { "": { box: laboratory, person: "certificate:8@labo" } });
      const said = await SmtpClient.secure(stand.applications, identity)
        .then((client) => client.say(`AUTH EXTERNAL ${base64(laboratory)}`)).catch((error) =>
          `refused: ${error}`
        );
      expect(said).toMatch(/^refused/);
      expect(stand.api.calls.some(({ fields }) => fields["cert_serial"] === identity.serial)).toBe(false);
    },
  );

  test("to whoever shows none", async () => {
    const said = await SmtpClient.secure(stand.applications).then((client) => client.say("EHLO x")).catch(
      () => "refused",
    );
    expect(said).toBe("refused");
  });

  test("to everybody when the revocation lists are lost, and to nobody good once they are back", async () => {
    const path = `${stand.files}/revocations.pem`;
    await Deno.writeTextFile(path, "");
    try {
      await expect(connect()).rejects.toThrow();
    } finally {
      await Deno.writeTextFile(path, stand.authorities.revocations);
    }
    const client = await connect();
    expect(await client.say(`AUTH EXTERNAL ${base64(laboratory)}`)).toMatch(/^235/);
    client.close();
  });
});

test("a right that ended stops the open session at its next mail", async () => {
  const client = await connect();
  expect(await client.say(`AUTH EXTERNAL ${base64(laboratory)}`)).toMatch(/^235/);
  stand.api.senders.delete(`certificate:7@${laboratory}`);
  expect(await client.say(`MAIL FROM:<${laboratory}>`)).toMatch(/^530/);
  stand.api.senders.set(`certificate:7@${laboratory}`, { [laboratory]: laboratory });
});
