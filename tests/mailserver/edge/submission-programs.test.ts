/**
 * Programs that people and software use, by every way that they know, at both kinds of port, and each wrong way with its code.
 * What no program does stands in the raw tests beside.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { type Mechanism, type Outcome, type ProgramName, programs, run } from "./mail-programs.ts";
import {
  anne,
  bruno,
  letter,
  password,
  startSubmissionStand,
  type SubmissionStand,
  token,
} from "./submission-stand.ts";

interface Attempt {
  readonly mechanism: Mechanism;
  readonly tls: "STARTTLS" | "TLS" | "none";
  readonly secret?: string;
  readonly certificate?: "valid" | "revoked";
  readonly box?: string;
  readonly from?: string;
}

const software = "labo@alpha.mssante.test";
let stand: SubmissionStand;

beforeAll(async () => {
  stand = await startSubmissionStand({ hasCertificates: true });
  const person = `certificate:${crypto.randomUUID()}@${crypto.randomUUID()}`;
  stand.api.grants.set(stand.authorities.valid.serial, { [software]: { box: software, person } });
  stand.api.senders.set(person, { [software]: software });
  for (const kind of ["valid", "revoked"] as const) {
    const { cert, key } = stand.authorities[kind];
    await Deno.writeTextFile(`${stand.files}/${kind}.pem`, cert);
    await Deno.writeTextFile(`${stand.files}/${kind}.key`, key, { mode: 0o600 });
  }
});
afterEach(() => {
  stand.api.state = "up";
});
afterAll(() => stand?.stop());

async function attempt(program: ProgramName, what: Attempt): Promise<Outcome & { readonly mark: string }> {
  const { mechanism, tls, box = anne, from = box, certificate } = what;
  const persons = tls === "TLS" ? stand.personsTls : stand.persons;
  const forSoftware = tls === "TLS" ? stand.applicationsTls : stand.applications;
  const mark = crypto.randomUUID();
  const outcome = await programs[program]({
    target: mechanism === "external" ? forSoftware : persons,
    tls,
    mechanism,
    box,
    secret: what.secret ?? (mechanism === "plain" || mechanism === "login" ? password : token),
    ...(certificate === undefined ? {} : {
      certificate: { cert: `${stand.files}/${certificate}.pem`, key: `${stand.files}/${certificate}.key` },
    }),
    from,
    to: bruno,
    mail: letter([`From: ${from}`, `To: ${bruno}`], mark),
  });
  return { ...outcome, mark };
}

const ways: readonly (readonly [program: ProgramName, mechanism: Mechanism])[] = [
  ["swaks", "plain"],
  ["swaks", "login"],
  ["nodemailer", "plain"],
  ["nodemailer", "xoauth2"],
  ["msmtp", "plain"],
  ["msmtp", "login"],
  ["msmtp", "xoauth2"],
  ["msmtp", "oauthbearer"],
  ["msmtp", "external"],
];
const ofSoftware = (mechanism: Mechanism) =>
  mechanism === "external" ? { box: software, certificate: "valid" } as const : {};

describe.each(ways)("%s by %s", (program, mechanism) => {
  const own = { mechanism, ...ofSoftware(mechanism) };

  test.each(["STARTTLS", "TLS"] as const)("sends over %s", async (tls) => {
    const { isSent, text, mark } = await attempt(program, { ...own, tls });
    expect(isSent, text).toBe(true);
    const got = await until("the mail", () => stand.store.mails.find(({ raw }) => raw.includes(mark)));
    expect(got.as.split("%")[0]).toBe(own.box ?? anne);
  });

  test.each(["STARTTLS", "TLS"] as const)("is refused over %s: 535", async (tls) => {
    const wrong = mechanism === "external" ? { box: "other@alpha.mssante.test" } : { secret: "wrong" };
    const { isSent, text } = await attempt(program, { ...own, ...wrong, tls });
    expect(isSent).toBe(false);
    expect(text).toMatch(/535 Incorrect authentication data/);
  });

  test("is told to come later while the API is away: 454, and never 535", async () => {
    stand.api.state = "error";
    const { isSent, text } = await attempt(program, { ...own, tls: "STARTTLS" });
    expect(isSent).toBe(false);
    expect(text).toMatch(/454 4\.7\.0/);
    expect(text).not.toMatch(/535/);
  });

  test("is not let in without TLS", async () => {
    const before = stand.api.calls.length;
    const { isSent } = await attempt(program, { ...own, tls: "none" });
    expect(isSent).toBe(false);
    expect(stand.api.calls.length).toBe(before);
  });

  test("may not send as somebody else: 553", async () => {
    const { isSent, text } = await attempt(program, { ...own, from: bruno, tls: "TLS" });
    expect(isSent).toBe(false);
    expect(text).toMatch(/553 5\.7\.1/);
  });
});

test.each(["STARTTLS", "TLS"] as const)(
  "a certificate that is revoked does not get through %s",
  async (tls) => {
    const before = stand.api.calls.length;
    const what = { mechanism: "external", certificate: "revoked", box: software, tls } as const;
    const { isSent, text } = await attempt("msmtp", what);
    expect(isSent).toBe(false);
    expect(text).toMatch(/TLS|handshake|alert/i);
    expect(stand.api.calls.length).toBe(before);
  },
);

test("swaks without any sign-in: 530 at MAIL", async () => {
  const { host, port } = stand.persons;
  const said = await run("swaks", ["--server", `${host}:${port}`, "-tls", "--from", anne, "--to", bruno], "");
  expect(said.isSent).toBe(false);
  expect(said.text).toMatch(/530 5\.7\.0 Authentication required/);
});
