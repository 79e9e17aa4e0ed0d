/**
 * The built web in front of the scripted JMAP server, for looking at screens without a stack:
 * `deno run -A tests/web/dev-server.ts [port] [messages]`. GET /scripted/<what> changes its mood.
 */
import { extname } from "node:path";
import { ScriptedBox, ScriptedJmap } from "../support/scripted-jmap.ts";
import { fillBox } from "../support/scripted-jmap/samples.ts";

const build = new URL("../../web/build/", import.meta.url);
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export interface DevServer {
  readonly url: string;
  readonly jmap: ScriptedJmap;
  readonly own: ScriptedBox;
  readonly shared: ScriptedBox;
  /** Requests of the browser, in order. */
  readonly log: string[];
  hasBoxes: boolean;
  stop(): Promise<void>;
}

/** Starts on a port of 127.0.0.1; 0 takes a free one. */
export function startDevServer(port: number, count: number): DevServer {
  const own = fillBox(
    new ScriptedBox("anne.allard@alpha.mssante.test", "anne.allard@alpha.mssante.test"),
    count,
  );
  const shared = fillBox(
    new ScriptedBox("secretariat@alpha.mssante.test", "secretariat@alpha.mssante.test"),
    9,
  );
  const jmap = new ScriptedJmap(own, shared);
  const log: string[] = [];
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const push = () => {
    const changed = Object.fromEntries(jmap.boxes.map((box) => [box.accountId, { Email: box.state }]));
    const event = new TextEncoder().encode(
      `event: state\ndata: ${JSON.stringify({ "@type": "StateChange", changed })}\n\n`,
    );
    for (const stream of streams) stream.enqueue(event);
  };
  for (const box of jmap.boxes) box.onChange = push;
  const device = {
    jmap,
    own,
    shared,
    log,
    hasBoxes: true,
  };

  const controller = new AbortController();
  const server = Deno.serve(
    { port, hostname: "127.0.0.1", onListen: () => {}, signal: controller.signal },
    async (request) => {
      const url = new URL(request.url);
      log.push(`${request.method} ${url.pathname}`);
      if (url.pathname === "/jmap/eventsource") {
        if (jmap.isDown || jmap.isSignedOut) return new Response(null, { status: jmap.isDown ? 503 : 401 });
        let mine: ReadableStreamDefaultController<Uint8Array>;
        const body = new ReadableStream<Uint8Array>({
          start(stream) {
            mine = stream;
            streams.add(stream);
            stream.enqueue(new TextEncoder().encode(": open\n\n"));
          },
          cancel: () => void streams.delete(mine),
        });
        return new Response(body, {
          headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
        });
      }
      if (url.pathname === "/jmap/session" && !device.hasBoxes) {
        return Response.json({ ...jmap.session(), accounts: {} });
      }
      if (url.pathname.startsWith("/jmap/")) {
        try {
          return await jmap.fetch(request);
        } catch {
          return new Response(null, { status: 502 });
        }
      }
      if (url.pathname === "/api/v1/session") return session(device);
      if (url.pathname === "/api/v1/programs") return Response.json({ items: [] });
      if (url.pathname === "/api/v1/recipients/check") return await checkRecipients(request);
      if (url.pathname === "/auth/sign-in") {
        jmap.isSignedOut = false;
        return Response.redirect(new URL(url.searchParams.get("returnTo") ?? "/", url), 302);
      }
      if (url.pathname === "/auth/sign-out") {
        jmap.isSignedOut = true;
        return new Response(null, { status: 204 });
      }
      return await serveFile(url.pathname);
    },
  );
  const address = server.addr as Deno.NetAddr;
  return Object.assign(device, {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      controller.abort();
      await server.finished;
    },
  });
}

function session({ jmap, hasBoxes }: { jmap: ScriptedJmap; hasBoxes: boolean }): Response {
  if (jmap.isSignedOut) {
    return Response.json({ type: "/problems/sign-in-required", status: 401 }, { status: 401 });
  }
  return Response.json({
    person: {
      id: "p1",
      givenName: "Anne",
      familyName: "ALLARD",
      displayName: "Dr Anne Allard",
      rpps: "10100000018",
    },
    roles: [],
    mailboxes: !hasBoxes ? [] : jmap.boxes.map((box, index) => ({
      id: String(index),
      address: box.address,
      displayName: box.address,
      type: index === 0 ? "PER" : "ORG",
      structureName: "Cabinet médical Alpha",
      accountId: box.accountId,
    })),
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    situations: [],
    situationKey: null,
    idleExpiresAt: new Date(Date.now() + 1_800_000).toISOString(),
    mailServer: jmap.isDown ? "unavailable" : "ready",
  });
}

async function checkRecipients(request: Request): Promise<Response> {
  const { addresses } = await request.json() as { addresses: string[] };
  const statusOf = (address: string) => {
    if (!address.endsWith(".mssante.test")) return "not-in-trust-space";
    return address.startsWith("inconnu") ? "no-such-mailbox" : "hosted";
  };
  return Response.json({ results: addresses.map((address) => ({ address, status: statusOf(address) })) });
}

async function serveFile(pathname: string): Promise<Response> {
  const isFile = pathname.startsWith("/_app/") || pathname === "/favicon.svg";
  try {
    const bytes = await Deno.readFile(new URL(isFile ? `.${pathname}` : "./200.html", build));
    const type = types[isFile ? extname(pathname) : ".html"] ?? "application/octet-stream";
    return new Response(bytes, { headers: { "content-type": type } });
  } catch {
    return new Response("not found", { status: 404 });
  }
}

if (import.meta.main) {
  const server = startDevServer(Number(Deno.args[0] ?? 18600), Number(Deno.args[1] ?? 60));
  console.log(`${server.url}/mail`);
}
