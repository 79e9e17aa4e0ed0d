/**
 * The edge's side of the API (`POST /edge/auth`, `/edge/check`, `/edge/recipient`, `GET /edge/health`) as a server that a test scripts:
 * for what the real one never says on request, such as garbage, silence or a right that ends between two mails.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What was asked, its base64 fields decoded (one character per byte) under their names without `_b64`. */
export interface EdgeCall {
  readonly path: string;
  readonly key: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Grant {
  readonly box: string;
  readonly person: string;
}

/** `up`: as scripted; the others are ways in which an API fails. */
export type ApiState = "up" | "error" | "garbage" | "no-box" | "silent" | "chunked" | "healthy-then-error";

export interface ScriptedEdgeApi {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly key: string;
  readonly calls: EdgeCall[];
  state: ApiState;
  /** Milliseconds before each answer. */
  delay: number;
  /** Secrets (password or token) and serial numbers of certificates, each with what it opens: by user name, or for all (`*`). */
  readonly grants: Map<string, Record<string, Grant>>;
  /** Addresses under which a person may send, each with its box. */
  readonly senders: Map<string, Record<string, string>>;
  /** Addresses whose box has room for so many bytes; the others have room for all. */
  readonly room: Map<string, number>;
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function startScriptedEdgeApi(port = 0): Promise<ScriptedEdgeApi> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => undefined); // Whoever asked was killed.
  });
  let listening = port;
  const open = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.listen(listening, "127.0.0.1", resolve));
    listening = (server.address() as AddressInfo).port;
  };
  await open();
  const api: ScriptedEdgeApi = {
    host: "127.0.0.1",
    port: listening,
    key: crypto.randomUUID(),
    calls: [],
    state: "up",
    delay: 0,
    grants: new Map(),
    senders: new Map(),
    room: new Map(),
    open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const fields = decoded(new TextDecoder().decode(joined(chunks)));
    const header = request.headers["x-edge-key"];
    const key = typeof header === "string" ? header : undefined;
    api.calls.push({ path, key, fields });
    const say = (status: number, body = ""): void => void response.writeHead(status).end(body);
    const isHealth = path === "/edge/health";
    if (api.delay > 0) await new Promise((resolve) => setTimeout(resolve, api.delay));
    if (key !== api.key) return say(401);
    switch (api.state) {
      case "silent":
        return; // The connection stays open without a word.
      case "error":
        return say(500, "no");
      case "healthy-then-error":
        return isHealth ? say(200) : say(503, "no");
      case "garbage":
        response.socket?.end("%PDF-1.7 nothing of HTTP\r\n\r\n");
        return;
      case "no-box":
        return say(200, isHealth ? "" : "{}");
      case "chunked":
        response.writeHead(200, { "transfer-encoding": "chunked" });
        response.write('{"box":');
        return void response.end("1}");
      case "up":
    }
    if (isHealth) return say(200);
    if (path === "/edge/recipient") return say(hasRoom(fields) ? 200 : 403);
    const granted = path === "/edge/auth" ? grantOf(fields) : senderOf(fields);
    return granted === undefined ? say(403) : say(200, JSON.stringify(granted));
  }

  function hasRoom({ address = "", size }: Readonly<Record<string, string>>): boolean {
    return Number(size) <= (api.room.get(address.toLowerCase()) ?? Infinity);
  }

  function grantOf(fields: Readonly<Record<string, string>>): Grant | undefined {
    const secret = fields["mech"] === "EXTERNAL" ? fields["cert_serial"] : fields["secret"];
    const byUser = api.grants.get(secret ?? "");
    return byUser?.[(fields["username"] ?? "").toLowerCase()] ?? byUser?.["*"];
  }

  function senderOf(fields: Readonly<Record<string, string>>): { box: string } | undefined {
    const addresses = api.senders.get(fields["person"] ?? "");
    if (addresses === undefined) return undefined;
    const box = fields["sender"] === "" ? fields["box"] : addresses[fields["sender"] ?? ""];
    return box === undefined ? undefined : { box };
  }
  return api;
}

function decoded(text: string): Record<string, string> {
  if (text === "") return {};
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Record<string, string>).map(([name, value]) =>
      name.endsWith("_b64") ? [name.slice(0, -"_b64".length), atob(value)] : [name, value]
    ),
  );
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
