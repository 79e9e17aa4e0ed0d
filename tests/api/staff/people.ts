/** Staff at its browsers: accounts given by the platform, set up through the pages' own steps. */
import { Secret, TOTP } from "otpauth";
import { inviteStaff } from "../../../api/staff/mod.ts";
import { baseUrl, type Harness } from "../../support/harness.ts";
import { Browser } from "../identity/browser.ts";
import { Authenticator } from "./authenticator.ts";

export const host = new URL(baseUrl).host;
export const session = "__Host-mss_session";
/** With an accent, which keyboards compose in two ways. */
export const password = "églantine grimpe lentement".normalize("NFC");

export interface Answer {
  readonly status: number;
  /** Of a problem. */
  readonly slug: string | undefined;
  // deno-lint-ignore no-explicit-any -- tests reach into bodies of every shape
  readonly body: any;
}

/** A browser on the staff's pages. */
export class StaffBrowser {
  readonly browser: Browser;

  /** @param from its address, where the harness trusts a proxy */
  constructor({ app }: Pick<Harness, "app">, private readonly from?: string) {
    this.browser = new Browser({ origin: baseUrl, request: (request) => app.request(request) });
  }

  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.browser.fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        "sec-fetch-site": "same-origin",
        "content-type": "application/json",
        ...(this.from === undefined ? {} : { "x-forwarded-for": this.from }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const read = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, body: read, slug: read?.type?.slice(`${baseUrl}/problems/`.length) };
  }

  step(path: string, body: unknown = {}): Promise<Answer> {
    return this.send("POST", `/auth/staff/${path}`, body);
  }

  get cookie(): string | undefined {
    return this.browser.cookie(host, session);
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.send("GET", "/api/v1/session")).status === 200;
  }
}

/** Makes the codes of a secret, at the platform's own time. */
export class Application {
  readonly #totp: TOTP;

  constructor(private readonly harness: Harness, secret: string) {
    this.#totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: "SHA1", digits: 6, period: 30 });
  }

  /** @param steps how many steps from now */
  code(steps = 0): string {
    return this.#totp.generate({ timestamp: this.harness.clock.now().getTime() + steps * 30_000 });
  }

  /** A code that was not used yet: time passes until there is one. */
  async next(): Promise<string> {
    this.harness.clock.pass(30);
    return await Promise.resolve(this.code());
  }
}

let count = 0;

export interface Invitation {
  readonly login: string;
  readonly personId: string;
  readonly link: string;
}

export async function invite(
  harness: Harness,
  roles: readonly ("operator_administrator" | "operator_support" | "auditor")[] = ["operator_administrator"],
): Promise<Invitation> {
  const login = `c.martin${++count}${crypto.randomUUID().slice(0, 6)}@operateur.test`;
  const { account, link } = await inviteStaff(harness.system, {
    login,
    givenName: "Camille",
    familyName: "MARTIN",
    roles,
  });
  return { login, personId: account.person_id, link };
}

export interface Member extends Invitation {
  readonly browser: StaffBrowser;
  readonly application: Application;
  readonly recoveryCodes: readonly string[];
}

/** An account with a password and codes, signed in where it was set up. */
export async function enrol(harness: Harness, invitation?: Invitation): Promise<Member> {
  const invited = invitation ?? await invite(harness);
  const browser = new StaffBrowser(harness);
  const { transaction } = (await browser.step("enrolment", { link: invited.link })).body;
  const { secret } = (await browser.step("enrolment/password", { transaction, password })).body;
  const application = new Application(harness, secret);
  const done = await browser.step("enrolment/code", { transaction, code: application.code() });
  if (done.status !== 200) throw new Error(`the enrolment failed: ${done.slug}`);
  return { ...invited, browser, application, recoveryCodes: done.body.recoveryCodes };
}

/** An account with a passkey alone, signed in where it was set up. */
export async function enrolPasskey(harness: Harness, authenticator = new Authenticator()) {
  const invited = await invite(harness);
  const browser = new StaffBrowser(harness);
  const { transaction } = (await browser.step("enrolment", { link: invited.link })).body;
  const { options } = (await browser.step("enrolment/passkey/options", { transaction })).body;
  const response = authenticator.create(options);
  const done = await browser.step("enrolment/passkey", { transaction, name: "Clé du trousseau", response });
  if (done.status !== 200) throw new Error(`the enrolment failed: ${done.slug}`);
  return { ...invited, browser, authenticator, body: done.body };
}

/** Signs in with password and code in a browser of its own. */
export async function signIn(harness: Harness, member: Member, browser = new StaffBrowser(harness)) {
  const { transaction } = (await browser.step("password", { login: member.login, password })).body;
  const done = await browser.step("code", { transaction, code: await member.application.next() });
  return { browser, done };
}

/** Reasons of the last refusals, newest first. */
export async function refusals(harness: Harness, limit = 1): Promise<string[]> {
  const rows = await harness.database.rows(
    "select reason from app.audit_events where action = 'session.refuse' order by id desc limit $1",
    [limit],
  );
  return rows.map((row) => String(row.reason));
}
