/**
 * A simulated « Espace de Confiance »: serves a signed white list and the revocation list of its authority, as the
 * ANS and IGC-Santé do, and misbehaves on demand. It stands in for servers that cannot be had in development.
 *
 * Settings: SIM_PORT or SIM_LISTEN=host:port (0: any), SIM_CONTROL_PORT or SIM_CONTROL_LISTEN, SIM_DIRECTORY (where the
 * test authority is kept), SIM_DOMAINS (comma separated).
 *
 * List: GET /listeblanchemssante.xml · GET /crl.der (Last-Modified, ETag, If-Modified-Since, If-None-Match).
 * Control, on a port of its own: GET /state · POST /behaviour {"behaviour": …} · POST /list {"domains": […]}.
 */

import { createHash } from "node:crypto";
import process from "node:process";
import { issueCrl } from "../../../mailserver/certificates/authority.ts";
import { ensureCertificates } from "../../../mailserver/certificates/directory.ts";
import { type Behaviour, behaviours, isBehaviour, writeBody } from "./behaviours.ts";
import type { ListEntry } from "./sign-list.ts";

const day = 86_400_000;
const ownDn = "CN=mss.operateur.mssante.test,OU=312345678900011,O=OPERATEUR DE TEST,ST=Paris (75),C=FR";
const otherDn = "CN=mss.gamma.mssante.test,OU=1750000001,O=AUTRE OPERATEUR DE TEST,ST=Rhône (69),C=FR";

const directory = process.env["SIM_DIRECTORY"];
if (directory === undefined) throw new Error("SIM_DIRECTORY is required: where the test authority is kept");
const certificates = await ensureCertificates(directory, new Date());

let domains = (process.env["SIM_DOMAINS"] ??
  "alpha.mssante.test,beta.mssante.test,gamma.mssante.test,operateur.mssante.test").split(",").map((one) =>
    one.trim()
  );
let behaviour: Behaviour = "good";
/** Dates are written to the second: a list published twice within one is dated one second later. */
let generatedAt = toSecond(Date.now());
let requests = 0;
let served = await prepare();

interface Served {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly modifiedAt: Date;
}

function toSecond(time: number): Date {
  return new Date(Math.floor(time / 1000) * 1000);
}

function entriesOf(names: readonly string[]): ListEntry[] {
  return names.map((domain) => ({ domain, dn: domain.startsWith("gamma.") ? otherDn : ownDn }));
}

async function prepare(): Promise<Served> {
  const body = new TextEncoder().encode(
    await writeBody(behaviour, certificates, generatedAt, entriesOf(domains)),
  );
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  return { body, etag, modifiedAt: toSecond(Date.now()) };
}

/** Answers 304 when the client already has it, as the real server's web front does. */
function answer(request: Request, { body, etag, modifiedAt }: Served, type: string): Response {
  const headers = { "content-type": type, etag, "last-modified": modifiedAt.toUTCString() };
  const tag = request.headers.get("if-none-match");
  const since = Date.parse(request.headers.get("if-modified-since") ?? "");
  const isKnown = tag !== null ? tag === etag : since >= modifiedAt.getTime();
  return isKnown ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
}

async function serveCrl(request: Request): Promise<Response> {
  if (behaviour === "crl-missing") return new Response("not found", { status: 404 });
  const now = Date.now();
  const from = new Date(behaviour === "crl-expired" ? now - 8 * day : now - 60_000);
  const until = new Date(behaviour === "crl-expired" ? now - day : now + 7 * day);
  const crl = await issueCrl(
    certificates.organisations,
    [certificates.revokedSigner.certificate],
    from,
    until,
  );
  const body = new Uint8Array(crl.rawData);
  return answer(
    request,
    { body, etag: `"${from.getTime()}"`, modifiedAt: toSecond(from.getTime()) },
    "application/pkix-crl",
  );
}

function serveList(request: Request): Response {
  requests += 1;
  if (behaviour === "error") return new Response("erreur interne", { status: 500 });
  // Begins and never ends: the client's own patience is what is tried.
  if (behaviour === "slow") {
    return new Response(new ReadableStream(), { headers: { "content-type": "application/xml" } });
  }
  return answer(request, served, "application/xml");
}

async function control(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const asked = request.method === "POST"
    ? await request.json().catch(() => undefined) as Asked | undefined
    : undefined;
  if (request.method === "POST" && pathname === "/behaviour" && isBehaviour(asked?.behaviour)) {
    behaviour = asked.behaviour;
    generatedAt = new Date(Math.max(generatedAt.getTime() + 1000, toSecond(Date.now()).getTime()));
  } else if (request.method === "POST" && pathname === "/list" && Array.isArray(asked?.domains)) {
    domains = asked.domains.map(String);
    generatedAt = new Date(Math.max(generatedAt.getTime() + 1000, toSecond(Date.now()).getTime()));
  } else if (request.method !== "GET" || pathname !== "/state") {
    return Response.json({ error: "GET /state, POST /behaviour or POST /list", behaviours }, { status: 400 });
  }
  if (request.method === "POST") served = await prepare();
  return Response.json({ behaviour, domains, generatedAt: generatedAt.toISOString(), requests });
}

interface Asked {
  readonly behaviour?: unknown;
  readonly domains?: unknown;
}

function portOf(name: "SIM" | "SIM_CONTROL"): number {
  return Number(process.env[`${name}_PORT`] ?? process.env[`${name}_LISTEN`]?.split(":").at(-1) ?? 0);
}

function listen(port: number, handler: (request: Request) => Promise<Response> | Response): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handler);
  return `http://127.0.0.1:${server.addr.port}`;
}

const listening = listen(portOf("SIM"), (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/listeblanchemssante.xml") return serveList(request);
  if (pathname === "/crl.der") return serveCrl(request);
  return new Response("not found", { status: 404 });
});
const controlling = listen(portOf("SIM_CONTROL"), control);
for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => Deno.exit(0));
console.log(JSON.stringify({
  listening,
  control: controlling,
  url: `${listening}/listeblanchemssante.xml`,
  crlUrl: `${listening}/crl.der`,
  trustFile: certificates.trustFile,
}));
