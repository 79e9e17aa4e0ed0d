import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { cloneDatabase, type TestDatabase } from "../../support/database.ts";

describe("the HTTP process", () => {
  let directory: string;
  let database: TestDatabase;
  let environment: Record<string, string>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "process-"));
    database = await cloneDatabase();
    const { url, password } = database.configOf("mss_api");
    const file = async (name: string, text: string) => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    const secret = await file("secret", "unused");
    const nowhere = "http://127.0.0.1:9";
    environment = {
      MSS_BASE_URL: "http://localhost:8480",
      MSS_LISTEN: "127.0.0.1:0",
      MSS_DATABASE_URL: url,
      MSS_DATABASE_PASSWORD_FILE: await file("database", password),
      MSS_REDIS_URL: inject("redisUrl"),
      MSS_PSC_ISSUER: nowhere,
      MSS_PSC_DISCOVERY_URL: nowhere,
      MSS_PSC_CLIENT_ID: "test",
      MSS_PSC_CLIENT_SECRET_FILE: secret,
      MSS_SESSION_KEY_FILE: await file("session-key", "A".repeat(43)),
      MSS_MAIL_SERVER: "stalwart",
      MSS_MAIL_JMAP_URL: `${nowhere}/jmap/`,
      MSS_MAIL_OPERATOR_DOMAIN: "operateur.mssante.test",
      MSS_MAIL_GATEWAY_LOGIN: "gateway@operateur.mssante.test",
      MSS_MAIL_GATEWAY_SECRET_FILE: secret,
      MSS_MAIL_PROVISIONER_LOGIN: "admin@operateur.mssante.test",
      MSS_MAIL_PROVISIONER_SECRET_FILE: secret,
      MSS_MAIL_HOOK_SECRET_FILE: secret,
      MSS_WHITE_LIST_URL: nowhere,
      MSS_WHITE_LIST_CRL_URL: nowhere,
      MSS_WHITE_LIST_TRUST_FILE: secret,
    };
  });
  afterAll(async () => {
    await database.drop();
    await rm(directory, { recursive: true });
  });

  const start = (env: Record<string, string>) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", new URL("../../../api/main.ts", import.meta.url).pathname],
      env,
      stdout: "piped",
      stderr: "piped",
    }).spawn();

  it("ends in good order within a second and a half of SIGTERM, though a request hangs", async () => {
    const child = start(environment);
    const listening = await readListening(child.stdout);
    const { hostname, port } = new URL(listening);
    expect((await (await fetch(`${listening}/health/live`)).json()).status).toBe("live");
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    // Promises ten bytes and sends three.
    socket.write(
      'POST /auth/sign-out HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nContent-Type: application/json\r\n\r\n{"a',
    );
    await (await fetch(`${listening}/health/ready`)).body?.cancel();
    const begin = performance.now();
    child.kill("SIGTERM");
    const { code } = await child.status;
    expect(code).toBe(0);
    expect(performance.now() - begin).toBeLessThan(1_500);
    socket.destroy();
    await child.stderr.cancel();
  });

  it("refuses to start on a setting that it does not know, and says which", async () => {
    const child = start({ ...environment, MSS_BASE_ULR: "x" });
    const { code, stderr } = await child.output();
    expect(code).not.toBe(0);
    expect(new TextDecoder().decode(stderr)).toContain("MSS_BASE_ULR: not a variable of this platform");
  });
});

/** The address in the line that says the process listens; the rest of the output is read and dropped. */
async function readListening(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const [mine, rest] = stdout.tee();
  void rest.pipeTo(new WritableStream()).catch(() => {});
  let text = "";
  for await (
    const chunk of mine.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
  ) {
    text += chunk;
    const found = /"listening":"([^"]+)"/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`the process ended: ${text}`);
}
