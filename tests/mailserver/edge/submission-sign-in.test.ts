/** Ways in for persons, and each wrong way with its code. The API is scripted: what it decides is proved in tests/api/edge. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ApiState } from "../../support/scripted-edge-api.ts";
import { base64, sasl, SmtpClient, SmtpClosed } from "../../support/smtp-client.ts";
import {
  anne,
  bruno,
  letter,
  password,
  person,
  startSubmissionStand,
  type SubmissionStand,
  token,
} from "./submission-stand.ts";

let stand: SubmissionStand;
const open: SmtpClient[] = [];

beforeAll(async () => {
  stand = await startSubmissionStand({ apiSeconds: 1, refusalSeconds: 1 });
});
afterEach(() => {
  stand.api.state = "up";
  for (const client of open.splice(0)) client.close();
});
afterAll(() => stand?.stop());

async function secure(): Promise<SmtpClient> {
  const client = await SmtpClient.secure(stand.persons);
  open.push(client);
  return client;
}

const lastCall = () => stand.api.calls.findLast(({ path }) => path === "/edge/auth");

describe("a person gets in", () => {
  test("by PLAIN, with the response at once or after the prompt", async () => {
    expect(await (await secure()).say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^235/);
    const client = await secure();
    expect(await client.say("AUTH PLAIN")).toBe("334");
    expect(await client.say(sasl.plain(anne, password, anne))).toMatch(/^235/);
    expect(lastCall()).toMatchObject({
      key: stand.api.key,
      fields: { mech: "PLAIN", username: anne, secret: password, service: "submission", tls: "TLS1.3" },
    });
  });

  test("by LOGIN", async () => {
    const client = await secure();
    expect(await client.say("AUTH LOGIN")).toMatch(/^334/);
    expect(await client.say(base64(anne))).toMatch(/^334/);
    expect(await client.say(base64(password))).toMatch(/^235/);
  });

  test.each([["XOAUTH2", sasl.xoauth2], ["OAUTHBEARER", sasl.oauthbearer]] as const)(
    "by %s, with the response at once or after the prompt",
    async (mechanism, response) => {
      expect(await (await secure()).say(`AUTH ${mechanism} ${response(anne, token)}`)).toMatch(/^235/);
      const client = await secure();
      expect(await client.say(`AUTH ${mechanism}`)).toBe("334");
      expect(await client.say(response(anne, token))).toMatch(/^235/);
      expect(lastCall()?.fields).toMatchObject({ mech: mechanism, username: anne, secret: token });
    },
  );

  test("over TLS from the first byte (465)", async () => {
    const client = await SmtpClient.connectTls(stand.personsTls);
    open.push(client);
    expect(await client.say("EHLO client.test")).toMatch(/AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER/);
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^235/);
    expect(await client.mail(anne, [bruno], letter())).toMatch(/^250/);
  });

  test.each([700, 2000, 5000, 8000, 12_000])("with a token of %d bytes", async (length) => {
    const long = "t".repeat(length);
    stand.api.grants.set(long, { [anne]: { box: anne, person } });
    expect(await (await secure()).say(`AUTH XOAUTH2 ${sasl.xoauth2(anne, long)}`)).toMatch(/^235/);
    expect(await (await secure()).say(`AUTH OAUTHBEARER ${sasl.oauthbearer(anne, long)}`)).toMatch(/^235/);
  });

  test("with a password of any characters: the API gets them byte for byte, nothing is expanded", async () => {
    for (
      const strange of [
        'p%wé:"\\ &=+x$h{}',
        "${run{/bin/true}}$tls_in_ver",
        "\u{1F511} clé",
        "x".repeat(10_000),
      ]
    ) {
      const bytes = String.fromCharCode(...new TextEncoder().encode(strange));
      stand.api.grants.set(bytes, { [anne]: { box: anne, person } });
      expect(await (await secure()).say(`AUTH PLAIN ${sasl.plain(anne, strange)}`)).toMatch(/^235/);
      expect(lastCall()?.fields["secret"]).toBe(bytes);
    }
  });
});

describe("nobody gets in", () => {
  test("without TLS: AUTH is not offered, and refused", async () => {
    const client = await SmtpClient.connect(stand.persons);
    open.push(client);
    const before = stand.api.calls.length;
    expect(await client.say("EHLO client.test")).not.toMatch(/AUTH/);
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^503/);
    expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^530/);
    expect(stand.api.calls.length).toBe(before);
  });

  test("with TLS 1.1 or clear text behind STARTTLS", async () => {
    const client = await SmtpClient.connect(stand.persons);
    open.push(client);
    await client.say("EHLO client.test");
    client.send("STARTTLS\r\nEHLO injected\r\n");
    expect(await client.reply()).toMatch(/^554/);
    const old = await SmtpClient.connect(stand.persons);
    open.push(old);
    await old.say("EHLO client.test");
    await expect(old.startTls(undefined, "TLSv1.1")).rejects.toThrow();
  });

  test("with a wrong password or token: 535, late", async () => {
    const began = Date.now();
    expect(await (await secure()).say(`AUTH PLAIN ${sasl.plain(anne, "wrong")}`)).toMatch(/^535/);
    expect(Date.now() - began).toBeGreaterThan(1000);
    const client = await secure();
    expect(await client.say("AUTH LOGIN")).toMatch(/^334/);
    await client.say(base64(anne));
    expect(await client.say(base64("wrong"))).toMatch(/^535/);
  });

  test("with a wrong token sent at once: the error object of RFC 7628, then 535", async () => {
    const one = await secure();
    const challenge = await one.say(`AUTH XOAUTH2 ${sasl.xoauth2(anne, "wrong")}`);
    expect(challenge).toMatch(/^334 /);
    expect(JSON.parse(atob(challenge.slice(4)))).toEqual({ status: "401", schemes: "bearer", scope: "mail" });
    expect(await one.say("")).toMatch(/^535/);
    const two = await secure();
    const other = await two.say(`AUTH OAUTHBEARER ${sasl.oauthbearer(anne, "wrong")}`);
    expect(JSON.parse(atob(other.slice(4)))).toEqual({ status: "invalid_token" });
    expect(await two.say("AQ==")).toMatch(/^535/);
  });

  test("with a malformed response: the API is not even asked", async () => {
    const before = stand.api.calls.filter(({ path }) => path === "/edge/auth").length;
    const client = await secure();
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, "")}`)).toMatch(/^535/);
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password, bruno)}`)).toMatch(/^535/);
    expect(await client.say("AUTH PLAIN *not-base64*")).toMatch(/^501/);
    expect(await client.say("AUTH PLAIN")).toMatch(/^334/);
    expect(await client.say("*")).toMatch(/^501/);
    expect(await client.say("AUTH EXTERNAL =")).toMatch(/^504/);
    const token = await secure();
    expect(await token.say(`AUTH XOAUTH2 ${base64(`user=${anne}\x01auth=Bearer a b\x01\x01`)}`)).toMatch(
      /^334/,
    );
    expect(await token.say("")).toMatch(/^535/);
    expect(stand.api.calls.filter(({ path }) => path === "/edge/auth").length).toBe(before);
  });

  test("with a token that is too long, and whoever else is there notices nothing", async () => {
    const other = await stand.signedIn();
    open.push(other);
    const endless = sasl.xoauth2(anne, "t".repeat(13_000));
    const client = await secure();
    expect(await client.say(`AUTH XOAUTH2 ${endless}`)).toMatch(/^5/);
    const continued = await secure();
    expect(await continued.say("AUTH XOAUTH2")).toMatch(/^334/);
    expect(await continued.say(endless)).toMatch(/^5/);
    const huge = await secure();
    huge.send(`AUTH OAUTHBEARER ${"A".repeat(2_000_000)}\r\n`);
    expect(await huge.reply().catch((error) => String(error))).toMatch(/^5|SmtpClosed/);
    expect(await other.mail(anne, [bruno], letter())).toMatch(/^250/);
    expect(await (await secure()).say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^235/);
  });

  test("twice on one connection, or without end", async () => {
    const client = await stand.signedIn();
    open.push(client);
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^503/);
    const stubborn = await secure();
    let tries = 0;
    await expect((async () => {
      for (; tries < 30; tries++) await stubborn.say(`AUTH PLAIN ${sasl.plain(anne, "")}`);
    })()).rejects.toBeInstanceOf(SmtpClosed);
    expect(tries).toBeLessThan(13);
  });
});

describe("an API in trouble is never a wrong password", () => {
  test.each<[ApiState, RegExp]>([
    ["error", /^454 4\.7\.0/],
    ["garbage", /^454 4\.7\.0/],
    ["silent", /^454 4\.7\.0/],
    ["healthy-then-error", /^435 .*4\.7\.0/],
    ["no-box", /^435 .*4\.7\.0/],
    ["chunked", /^4[35][45]/],
  ])("%s", async (state, expected) => {
    const client = await secure();
    stand.api.state = state;
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(expected);
    expect(await client.say(`AUTH XOAUTH2 ${sasl.xoauth2(anne, token)}`)).toMatch(/^4/);
    stand.api.state = "up";
    expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^235/);
  });

  test("down", async () => {
    const client = await secure();
    await stand.api.close();
    try {
      expect(await client.say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^454 4\.7\.0/);
    } finally {
      await stand.api.open();
    }
  });

  test("slow: the answer comes all the same", async () => {
    stand.api.delay = 700;
    try {
      expect(await (await secure()).say(`AUTH PLAIN ${sasl.plain(anne, password)}`)).toMatch(/^235/);
    } finally {
      stand.api.delay = 0;
    }
  });
});

// Trap 4: Exim writes the last command of a session that it drops, "AUTH PLAIN ...", into its log.
test("no credential stands in any log or in the spool, however a session ends", async () => {
  const secrets = [password, token, sasl.plain(anne, password), sasl.xoauth2(anne, token), stand.api.key];
  const noisy = await secure();
  for (let i = 0; i < 40; i++) {
    await noisy.say(`AUTHX PLAIN ${sasl.plain(anne, password)}`).catch(() => undefined);
  }
  const broken = await secure();
  for (let i = 0; i < 12; i++) {
    await broken.say(`AUTH PLAIN ${sasl.plain(anne, password)} x`).catch(() => undefined);
  }
  const mistaken = await secure();
  await mistaken.say(`AUTH PLAIN ${sasl.plain(password, password)}`); // The password typed as the name.
  const client = await stand.signedIn();
  await stand.store.close();
  await client.mail(anne, [bruno], letter());
  const written = await stand.written();
  await stand.store.open();
  expect(written).toContain(person);
  for (const secret of [...secrets, stand.store.secret]) {
    expect(written.includes(secret), `a secret of ${secret.length} characters`).toBe(false);
  }
});
