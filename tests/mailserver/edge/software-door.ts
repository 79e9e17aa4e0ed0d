/** What software of a health structure does over HTTP, told as tests on a whole platform: its certificate, a token of the person, JMAP. */
import { type IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { certificateKeys } from "../../../api/client-access/mod.ts";
import { createAuthority } from "../../../mailserver/certificates/authority.ts";
import { anne, type Certificate, type World } from "./imap-world.ts";

const scope = "urn:ietf:params:oauth:scope:mail";

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  // deno-lint-ignore no-explicit-any -- answers of several protocols
  readonly body: any;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** A request over TLS with the software's certificate; without one where none is given. */
function send(
  world: World,
  own: Certificate["own"] | undefined,
  path: string,
  sent: Sent = {},
): Promise<Answered> {
  const { host, port } = world.stack.edge.software;
  return new Promise((resolve, reject) => {
    const asked = request({
      host,
      port,
      path,
      method: sent.method ?? "GET",
      headers: sent.headers ?? {},
      rejectUnauthorized: false,
      ...(own === undefined ? {} : { cert: own.certificate, key: own.privateKey }),
    }, (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));
        const isJson = /json/.test(response.headers["content-type"] ?? "");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: isJson ? JSON.parse(text) : text,
        });
      });
    });
    asked.on("error", reject);
    asked.end(sent.body);
  });
}

/** The handshake of RFC 6455, and the end of the connection after it. */
function openSocket(
  world: World,
  own: Certificate["own"],
  headers: Record<string, string>,
): Promise<{ readonly answer: string; readonly closed: Promise<void> }> {
  const { host, port } = world.stack.edge.software;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      cert: own.certificate,
      key: own.privateKey,
    });
    const closed = new Promise<void>((done) => socket.once("close", () => done()));
    socket.once("error", reject);
    socket.once("data", (chunk: Uint8Array) => {
      // What comes later is of the socket's own protocol; its end is answered by ours.
      socket.on("data", () => socket.end());
      resolve({ answer: new TextDecoder().decode(chunk).split("\r\n")[0] ?? "", closed });
    });
    const lines = {
      host: `${host}:${port}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "jmap",
      ...headers,
    };
    const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`GET /jmap/ws HTTP/1.1\r\n${text}\r\n`);
  });
}

async function register(world: World, certificate: Certificate): Promise<string> {
  const { subject, issuer, serialNumber: serial } = certificate.identity.certificate;
  const keys = certificateKeys({ subject, issuer, serial })!;
  const clientId = `l${crypto.randomUUID()}`;
  await world.sql(
    `insert into app.oauth_clients (client_id, kind, name, subject, issuer, subject_key, issuer_key)
     values ($1, 'lps', 'Logiciel', $2, $3, $4, $5)`,
    [clientId, subject, issuer, keys.subjectKey, keys.issuerKey],
  );
  return clientId;
}

async function exchange(world: World, own: Certificate["own"]): Promise<Answered> {
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: await world.token("anne-allard"),
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    scope,
  });
  const answer = await send(world, own, "/oauth/token", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: body.toString(),
  });
  if (answer.body.access_token !== undefined) world.secrets.push(answer.body.access_token);
  return answer;
}

/** @param worldOf asked in each test: the world is made before the first */
export function softwareDoor(worldOf: () => World): void {
  test("software exchanges a token of its person and reads his mail by JMAP, all through its own door", async () => {
    const world = worldOf();
    const { own, identity, id } = await world.certificate([]);
    await register(world, { own, identity, id });
    const { status, body: tokens } = await exchange(world, own);
    expect(status).toBe(200);
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const { body: session } = await send(world, own, "/jmap/session", { headers });
    const { host, port } = world.stack.edge.software;
    expect(session.apiUrl).toBe(`https://${host}:${port}/jmap/api`);
    const [accountId, account] = Object.entries(session.accounts).find(([, one]) =>
      (one as { name: string }).name === anne
    )!;
    expect(account).toMatchObject({ name: anne });
    const { body: answer } = await send(world, own, "/jmap/api", {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({
        using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        methodCalls: [["Mailbox/get", { accountId, properties: ["role"] }, "0"]],
      }),
    });
    expect(answer.methodResponses[0][1].list.map((one: { role: string }) => one.role)).toContain("inbox");
    // An upload flows through, larger than a proxy would keep in memory.
    const bytes = new Uint8Array(3_000_000).fill(65);
    const upload = await send(world, own, `/jmap/upload/${accountId}/`, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/octet-stream",
        "content-length": String(bytes.length),
      },
      body: bytes,
    });
    expect([upload.status, upload.body.size]).toEqual([expect.any(Number), bytes.length]);
  });

  test("its WebSocket opens by the same door with its token alone, and closes when the token is given back", async () => {
    const world = worldOf();
    const certificate = await world.certificate([]);
    await register(world, certificate);
    const { body: tokens } = await exchange(world, certificate.own);
    const authorization = { authorization: `Bearer ${tokens.access_token}` };
    expect((await openSocket(world, certificate.own, {})).answer).toMatch(/^HTTP\/1\.1 401/);
    const { answer, closed } = await openSocket(world, certificate.own, authorization);
    expect(answer).toMatch(/^HTTP\/1\.1 101/);
    await send(world, certificate.own, "/oauth/revoke", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ token: tokens.access_token }).toString(),
    });
    await closed;
  });

  test("a token is nothing at the platform's own address, nor with another certificate", async () => {
    const world = worldOf();
    const [mine, other] = [await world.certificate([]), await world.certificate([])];
    await register(world, mine);
    await register(world, other);
    const { body: tokens } = await exchange(world, mine.own);
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    expect((await send(world, mine.own, "/jmap/session", { headers })).status).toBe(200);
    expect((await send(world, other.own, "/jmap/session", { headers })).status).toBe(401);
    const outside = await fetch(`${world.stack.baseUrl}/jmap/session`, {
      headers: {
        ...headers,
        // What only the proxy may say.
        "x-mss-front-key": "guessed",
        "x-mss-client-certificate": encodeURIComponent(mine.own.certificate),
      },
    });
    await outside.body?.cancel();
    expect(outside.status).toBe(401);
  });

  test("nobody comes through the door without a certificate of the trust space, and nothing else is behind it", async () => {
    const world = worldOf();
    const foreign = await createAuthority(new Date());
    const [known, stranger] = [
      await world.certificate([]),
      await world.certificate([], {}, foreign.organisations),
    ];
    expect((await send(world, undefined, "/oauth/token", { method: "POST" })).status).toBe(400);
    expect((await send(world, stranger.own, "/oauth/token", { method: "POST" })).status).toBe(400);
    for (
      const path of ["/", "/api/v1/session", "/auth/sign-in", "/internal/mail-server/hook", "/edge/auth"]
    ) {
      expect((await send(world, known.own, path)).status, path).toBe(404);
    }
    // One that is in order and that nobody registered: nginx lets it by, the platform does not.
    const answer = await exchange(world, known.own);
    expect([answer.status, answer.body]).toEqual([401, { error: "invalid_client" }]);
  });
}
