/** The built console before an API of fixed answers, for looking at its screens without a platform. */
import { extname } from "node:path";
import process from "node:process";
import type { components } from "../../../web/src/lib/api/generated/api.ts";

export type Schemas = components["schemas"];

/** The answer to « METHOD /path », or what makes it of the request; a status beside 200 through a Response. */
export type Answers = Record<string, unknown | ((request: Request, url: URL) => unknown)>;

const build = process.env["WEB_BUILD"] ?? new URL("../../../web/build", import.meta.url).pathname;
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export interface ScriptedApi {
  readonly url: string;
  readonly answers: Answers;
  /** « METHOD /path?search » of every request of the API, in order. */
  readonly asked: string[];
  /** Bodies of what was sent, by the same key without the search. */
  readonly sent: Map<string, unknown>;
  stop(): Promise<void>;
}

export const structure = {
  id: "5c000000-0000-4000-8000-000000000001",
  name: "Centre hospitalier intercommunal de Saint-Germain-en-Laye",
};

/** Camille MARTIN, with the given roles; an administrator of the structure when none is. */
export function sessionOf(
  roles: Schemas["Session"]["roles"] = [
    { role: "structure_administrator", structureId: structure.id, structureName: structure.name },
  ],
): Schemas["Session"] {
  const inOneHour = new Date(Date.now() + 3_600_000).toISOString();
  return {
    person: {
      id: "5e000000-0000-4000-8000-000000000001",
      givenName: "Camille",
      familyName: "MARTIN",
      displayName: "Camille MARTIN",
      rpps: "10100000018",
    },
    roles,
    mailboxes: [],
    expiresAt: inOneHour,
    situations: [],
    situationKey: null,
    idleExpiresAt: inOneHour,
    mailServer: "ready",
  } as Schemas["Session"];
}

export const operatorSession = sessionOf([
  { role: "operator_administrator", structureId: null, structureName: null },
]);

export function problemOf(slug: string, status: number, more: object = {}): Response {
  return Response.json({ type: `http://localhost/problems/${slug}`, title: slug, status, ...more }, {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

export function startScriptedApi(answers: Answers, port = 0): ScriptedApi {
  const asked: string[] = [];
  const sent = new Map<string, unknown>();
  const controller = new AbortController();
  const server = Deno.serve(
    { port, hostname: "127.0.0.1", onListen: () => {}, signal: controller.signal },
    async (request) => {
      const url = new URL(request.url);
      if (!/^\/(api|auth)\//.test(url.pathname)) return await serveFile(url.pathname);
      const key = `${request.method} ${url.pathname}`;
      asked.push(`${key}${url.search}`);
      if (request.method !== "GET") {
        const text = await request.clone().text();
        sent.set(key, /json/.test(request.headers.get("content-type") ?? "") ? JSON.parse(text) : text);
      }
      const answer = answers[key];
      if (answer === undefined) return problemOf("not-found", 404);
      const body = typeof answer === "function" ? await answer(request, url) : answer;
      if (body instanceof Response) return body.clone() as Response;
      return body === null ? new Response(null, { status: 204 }) : Response.json(body);
    },
  );
  return {
    url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    answers,
    asked,
    sent,
    stop: async () => {
      controller.abort();
      await server.finished;
    },
  };
}

async function serveFile(pathname: string): Promise<Response> {
  const isFile = pathname.startsWith("/_app/") || pathname === "/favicon.svg";
  try {
    const bytes = await Deno.readFile(`${build}/${isFile ? pathname : "200.html"}`);
    const type = types[isFile ? extname(pathname) : ".html"] ?? "application/octet-stream";
    return new Response(bytes, { headers: { "content-type": type } });
  } catch {
    return new Response("not found", { status: 404 });
  }
}

/** A page that is the last one. */
export function pageOf<T>(...items: T[]): { items: T[]; nextCursor: null } {
  return { items, nextCursor: null };
}
