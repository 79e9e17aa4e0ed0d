/**
 * The password daemon: answers Cyrus over the saslauthd protocol, and tells the MTA whether the directory answers, each on a
 * Unix socket of its own. One login has a password here, the administrator, in whose name the edge and the driver act for a
 * box. No box has one: people and software come in by the edge.
 *
 * Health: `health` and a line feed → `yes` | `unavailable`. Passwords are not logged.
 *
 * Started with one argument, the path of a JSON file (DaemonSettings) that only this account can read.
 */
import { Pool } from "pg";
import { formatAnswer, longestQuestion, parseQuestion } from "./saslauthd-protocol.ts";

export interface DaemonSettings {
  readonly saslauthdSocket: string;
  readonly healthSocket: string;
  /** Hexadecimal SHA-256 of the administrator's secret, which is 256 random bits: it needs no slow hash. */
  readonly administratorSecretSha256: string;
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: string;
  };
}

const administrator = "cyrus";

async function serve(
  socket: string,
  answer: (question: Uint8Array) => Promise<Uint8Array | undefined>,
): Promise<void> {
  await Deno.remove(socket).catch(() => undefined); // A socket left by a killed daemon.
  const listener = Deno.listen({ transport: "unix", path: socket });
  await Deno.chmod(socket, 0o600);
  void (async () => {
    for await (const connection of listener) {
      void converse(connection, answer).catch(() => undefined).finally(() => connection.close());
    }
  })();
}

/** Reads until a whole question is there (or too much, or the end), answers once. */
async function converse(
  connection: Deno.Conn,
  answer: (question: Uint8Array) => Promise<Uint8Array | undefined>,
): Promise<void> {
  const buffer = new Uint8Array(longestQuestion);
  let length = 0;
  while (length < buffer.length) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null) return;
    length += read;
    const bytes = await answer(buffer.subarray(0, length));
    if (bytes === undefined) continue;
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    return;
  }
}

async function isAdministratorSecret(settings: DaemonSettings, password: string): Promise<boolean> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(password));
  const expected = Uint8Array.fromHex(settings.administratorSecretSha256);
  let difference = 0;
  new Uint8Array(digest).forEach((byte, index) => difference |= byte ^ (expected[index] ?? 0xff));
  return difference === 0;
}

async function answerCyrus(settings: DaemonSettings, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const question = parseQuestion(bytes);
  if (question === undefined) return undefined;
  const isAdministrator = question.login === administrator && question.realm === "";
  return formatAnswer(isAdministrator && await isAdministratorSecret(settings, question.password));
}

async function answerHealth(pool: Pool, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (!new TextDecoder().decode(bytes).endsWith("\n")) return undefined;
  const isUp = await pool.query("select 1").then(() => true, () => false);
  return new TextEncoder().encode(isUp ? "yes" : "unavailable");
}

if (import.meta.main) {
  const [path = ""] = Deno.args;
  const settings = JSON.parse(await Deno.readTextFile(path)) as DaemonSettings;
  const pool = new Pool({ ...settings.postgres, max: 4, connectionTimeoutMillis: 3000 });
  pool.on("error", () => undefined); // The next question opens a new connection, or says "unavailable".
  await serve(settings.saslauthdSocket, (bytes) => answerCyrus(settings, bytes));
  await serve(settings.healthSocket, (bytes) => answerHealth(pool, bytes));
  console.log("password daemon ready");
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
}
