/**
 * A Pro Santé Connect for development and tests, spoken to over HTTP like the real one.
 *
 * Two ports: the public one (browser and back channel) and one of control, by which a test makes it fail in a chosen way.
 * What it knows of the real service is public material; where that is silent the stricter reading was taken.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { answerBadly } from "./bad-answers.ts";
import { discoveryDocument, paths, realmPath } from "./discovery.ts";
import { createKeys, strangersKey } from "./keys.ts";
import { createMintedTokens, mintShape } from "./minted.ts";
import { type IssuedSession, logoutShape, type LogoutWish, signLogoutToken } from "./logout.ts";
import { type Endpoint, goodBehaviour, type Misbehaviour, misbehaviourShape } from "./misbehaviour.ts";
import type { SimulatedClient } from "./options.ts";
import { phonePage, signInPage } from "./pages.ts";
import { type Person, subjectOf } from "./people.ts";
import { createPhones } from "./phones.ts";
import { answerDecoupled, createProvider, createStorage, type OidcProvider } from "./provider.ts";

export interface SimulatorOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly controlPort: number;
  /** Origin in the issuer's name, where it differs from what is listened on. */
  readonly publicOrigin?: string | undefined;
  readonly clients: readonly SimulatedClient[];
  readonly people: readonly Person[];
  /** Where the signing keys outlive the process; without it they do not. */
  readonly keysFile?: string | undefined;
  /** A second door at which clients show certificates, PEM. */
  readonly door?: {
    /** Name in its certificate. */
    readonly hostname: string;
    readonly certificate: string;
    readonly key: string;
    readonly clientAuthorities: string;
  } | undefined;
}

export interface Simulator {
  readonly origin: string;
  readonly controlOrigin: string;
  readonly issuer: string;
  readonly discoveryUrl: string;
  /** Where clients show certificates; undefined without one. */
  readonly doorOrigin: string | undefined;
  close(): Promise<void>;
}

const endpointOfPath: Readonly<Record<string, Endpoint>> = {
  [paths.discovery]: "discovery",
  [paths.jwks]: "jwks",
  [paths.authorization]: "authorization",
  [paths.token]: "token",
  [paths.userinfo]: "userinfo",
  [paths.introspection]: "introspection",
  [paths.revocation]: "revocation",
  [paths.endSession]: "end-session",
  [paths.ciba]: "ciba",
};

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const keys = await createKeys(options.keysFile);
  const storage = createStorage();
  const cookieKey = randomBytes(32).toString("hex");
  let misbehaviour: Misbehaviour = goodBehaviour;
  /** How often each endpoint was asked. */
  const asked: Partial<Record<Endpoint, number>> = {};
  let provider: OidcProvider | undefined;
  let callback: ((request: unknown, response: unknown) => void) | undefined;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, error));
  });
  const control = createServer((request, response) => {
    answerControl(request, response).catch((error: unknown) => fail(response, error));
  });
  const origin = options.publicOrigin ?? await listen(server, options.host, options.port);
  if (options.publicOrigin !== undefined) await listen(server, options.host, options.port);
  const controlOrigin = await listen(control, options.host, options.controlPort);
  const issuer = `${origin}${realmPath}`;
  const door = options.door && createSecureServer({
    cert: options.door.certificate,
    key: options.door.key,
    ca: options.door.clientAuthorities,
    requestCert: true,
    rejectUnauthorized: false,
  }, (request, response) => {
    const socket = request.socket as unknown as {
      authorized: boolean;
      getPeerCertificate(): { subject?: { CN?: string } };
    };
    const certifiedClient = socket.authorized ? socket.getPeerCertificate().subject?.CN : undefined;
    Object.assign(request, { certifiedClient });
    answer(request, response).catch((error: unknown) => fail(response, error));
  });
  const doorOrigin = door &&
    (await listen(door, options.host, 0)).replace(
      `http://${options.host}`,
      `https://${options.door?.hostname}`,
    );
  const phones = createPhones();
  const issued: IssuedSession[] = [];

  const minted = createMintedTokens(issuer, keys);

  function build(): void {
    provider = createProvider(
      {
        issuer,
        clients: options.clients,
        people: options.people,
        keys,
        cookieKey,
        misbehaviour: () => misbehaviour,
        minted,
        phones,
        onIssued: (session) => void issued.push(session),
      },
      storage,
    );
    callback = provider.callback();
  }
  build();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", origin);
    const endpoint = endpointOfPath[pathname];
    if (endpoint !== undefined) asked[endpoint] = (asked[endpoint] ?? 0) + 1;
    const fault = endpoint ? misbehaviour.endpoints[endpoint] : undefined;
    if (fault !== undefined && answerBadly(fault.mode, request, response)) return;
    if (fault?.mode === "slow") await new Promise((resolve) => setTimeout(resolve, fault.delayMilliseconds));
    if (pathname === paths.discovery) {
      const document = discoveryDocument(origin, doorOrigin);
      return sendJson(response, 200, {
        ...document,
        issuer: misbehaviour.discoveryIssuer ?? document.issuer,
      });
    }
    if (pathname === paths.jwks) return sendJson(response, 200, keys.published());
    if (pathname === paths.phone) return await answerPhone(request, response);
    if (pathname.startsWith(`${paths.signInPage}/`)) return await answerSignIn(request, response);
    // The standard discovery path does not exist at the real service: who relies on it must fail here too.
    if (pathname.includes("/.well-known/")) return send(response, 404, "text/plain", "Not Found");
    callback?.(request, response);
  }

  function find(named: unknown): Person | undefined {
    return options.people.find((one) => one.key === named || one.idNat === named);
  }

  async function answerSignIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!provider) return send(response, 503, "text/plain", "Starting");
    const form = request.method === "POST"
      ? new URLSearchParams(await readText(request))
      : new URLSearchParams();
    const details = await provider.interactionDetails(request, response);
    if (form.has("refuse")) {
      return await provider.interactionFinished(request, response, {
        error: "access_denied",
        error_description: "End-User aborted interaction",
      });
    }
    // `login_hint` is the way of load tests: the named person signs in without a page.
    const chosen = form.get("person") ?? details.params.login_hint;
    const person = find(chosen);
    if (!person) return send(response, 200, "text/html; charset=utf-8", signInPage(options.people));
    await provider.interactionFinished(request, response, {
      login: { accountId: subjectOf(person), acr: person.acr, amr: [person.authMode], remember: true },
    });
  }

  async function answerPhone(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "POST") {
      const form = new URLSearchParams(await readText(request));
      await decide(form.get("id") ?? "", form.get("answer") === "confirm" ? "confirm" : "refuse");
    }
    send(response, 200, "text/html; charset=utf-8", phonePage(phones.list()));
  }

  async function decide(id: string, answer: "confirm" | "refuse"): Promise<boolean> {
    if (!provider || !phones.find(id)) return false;
    await answerDecoupled(provider, id, answer);
    phones.silence(id);
    return true;
  }

  /** Ends the sessions of a person here, and answers the token by which a client would be told. */
  async function signOutPerson(wish: LogoutWish): Promise<{ logoutToken: string; delivered: number | null }> {
    const person = find(wish.person);
    if (!person) throw new Error("no such person");
    const theirs = issued.filter((one) => one.subject === subjectOf(person));
    const last = theirs.at(-1);
    const client = options.clients.find((one) => one.clientId === last?.clientId) ?? options.clients[0];
    const logoutToken = await signLogoutToken(
      keys,
      issuer,
      client?.clientId ?? "",
      person,
      last?.sessionId,
      wish,
    );
    if (wish.endsSessions) {
      const tokens = new storage("RefreshToken") as { revokeByGrantId(grantId: string): Promise<void> };
      for (const one of theirs) await tokens.revokeByGrantId(one.grantId);
    }
    if (!wish.deliver || client?.backChannelLogoutUri === undefined) return { logoutToken, delivered: null };
    const told = await fetch(client.backChannelLogoutUri, {
      method: "POST",
      body: new URLSearchParams({ logout_token: logoutToken }),
    });
    await told.body?.cancel();
    return { logoutToken, delivered: told.status };
  }

  async function answerControl(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = `${request.method} ${new URL(request.url ?? "/", controlOrigin).pathname}`;
    switch (action) {
      case "GET /misbehaviour":
        return sendJson(response, 200, misbehaviour);
      case "PUT /misbehaviour": {
        const parsed = misbehaviourShape.safeParse(JSON.parse(await readText(request)));
        if (!parsed.success) return sendJson(response, 422, { errors: parsed.error.issues });
        misbehaviour = parsed.data;
        await strangersKey();
        return sendJson(response, 200, misbehaviour);
      }
      case "DELETE /misbehaviour":
        misbehaviour = goodBehaviour;
        return sendJson(response, 200, misbehaviour);
      case "GET /requests":
        return sendJson(response, 200, asked);
      case "POST /rotate-keys":
        await keys.rotate();
        build();
        return sendJson(response, 200, keys.published());
      case "POST /access-tokens": {
        const wish = mintShape.safeParse(JSON.parse(await readText(request)));
        if (!wish.success) return sendJson(response, 422, { errors: wish.error.issues });
        const person = find(wish.data.person);
        if (!person) return sendJson(response, 404, { error: "no such person" });
        return sendJson(response, 200, await minted.mint(wish.data, person));
      }
      case "DELETE /access-tokens": {
        const isKnown = minted.revoke(await readText(request));
        return sendJson(response, isKnown ? 200 : 404, { revoked: isKnown });
      }
      case "GET /phones":
        return sendJson(
          response,
          200,
          phones.list().map(({ person, ...one }) => ({ ...one, person: person.key })),
        );
      case "POST /phones": {
        const { id, answer } = JSON.parse(await readText(request));
        const isKnown = await decide(String(id), answer === "confirm" ? "confirm" : "refuse");
        return sendJson(response, isKnown ? 200 : 404, { answered: isKnown });
      }
      case "POST /sign-outs": {
        const wish = logoutShape.safeParse(JSON.parse(await readText(request)));
        if (!wish.success) return sendJson(response, 422, { errors: wish.error.issues });
        return sendJson(response, 200, await signOutPerson(wish.data));
      }
      case "GET /people":
        return sendJson(response, 200, options.people);
      default:
        return sendJson(response, 404, { error: "no such control" });
    }
  }

  return {
    origin,
    controlOrigin,
    issuer,
    discoveryUrl: `${origin}${paths.discovery}`,
    doorOrigin,
    close: async () => {
      await Promise.all([close(server), close(control), ...(door ? [close(door)] : [])]);
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > 262_144) throw new Error("request too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", JSON.stringify(body));
}

/** An expired interaction or an unreadable request: the person is told, nothing else happens. */
function fail(response: ServerResponse, error: unknown): void {
  const name = error instanceof Error ? error.name : "Error";
  if (!response.headersSent) {
    send(response, 400, "text/plain; charset=utf-8", `La demande a expiré ou n'est pas valable (${name}).`);
  } else response.end();
}
