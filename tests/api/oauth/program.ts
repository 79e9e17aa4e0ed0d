/** A program on somebody's own machine, and what it asks of the authorisation server. */
import { createHash, randomBytes } from "node:crypto";
import type { Harness, Visitor } from "../../support/harness.ts";
import { baseUrl } from "../../support/harness.ts";

export const redirectUri = "http://127.0.0.1/callback";
export const scope = "urn:ietf:params:oauth:scope:mail";

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

export interface TokenAnswer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- tests look into answers of both shapes
  readonly body: any;
}

export class Program {
  readonly verifier = randomBytes(32).toString("base64url");

  constructor(private readonly harness: Harness, readonly clientId: string) {}

  /** @param changes parameters in place of the right ones; null leaves one out */
  query(changes: Readonly<Record<string, string | null>> = {}): URLSearchParams {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.clientId,
      redirect_uri: "http://127.0.0.1:49152/callback",
      scope,
      state: "state-of-the-program",
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    return query;
  }

  /** The person looks at the page. */
  async look(person: Visitor, query = this.query()): Promise<Response> {
    return await person.send(`/oauth/authorize?${query}`, {});
  }

  /** The person answers on it. @returns where the browser goes */
  async decide(person: Visitor, decision: "yes" | "no" = "yes", query = this.query()): Promise<URL> {
    const form = new URLSearchParams(query);
    form.set("person", person.personId);
    form.set("decision", decision);
    const answer = await this.submit(person, form);
    return new URL(answer.headers.get("location") ?? "", baseUrl);
  }

  async submit(person: Visitor, form: URLSearchParams): Promise<Response> {
    return await person.send("/oauth/authorize", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
  }

  async code(person: Visitor): Promise<string> {
    return (await this.decide(person)).searchParams.get("code") ?? "";
  }

  async post(path: string, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
    const answer = await this.harness.app.request(`${baseUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(form).toString(),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) } as TokenAnswer;
  }

  redeem(code: string, changes: Readonly<Record<string, string>> = {}): Promise<TokenAnswer> {
    return this.post("/oauth/token", {
      grant_type: "authorization_code",
      code,
      client_id: this.clientId,
      redirect_uri: "http://127.0.0.1:49152/callback",
      code_verifier: this.verifier,
      ...changes,
    });
  }

  refresh(refreshToken: string, changes: Readonly<Record<string, string>> = {}): Promise<TokenAnswer> {
    return this.post("/oauth/token", {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id: this.clientId,
      ...changes,
    });
  }

  /** Whether the token opens JMAP. There is no mail server in the harness: 503 is past the door, 401 before it. */
  async opens(token: string, headers: Record<string, string> = {}): Promise<boolean> {
    const answer = await this.harness.app.request(`${baseUrl}/jmap/session`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
    await answer.body?.cancel();
    if (![200, 401, 503].includes(answer.status)) throw new Error(`unexpected ${answer.status}`);
    return answer.status !== 401;
  }
}

export async function lastRefusal(harness: Harness): Promise<unknown> {
  const [row] = await harness.database.rows(
    "select reason from app.audit_events where action = 'oauth.refuse' order by id desc limit 1",
  );
  return row?.reason;
}
