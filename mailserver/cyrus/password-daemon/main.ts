/**
 * The password daemon: answers Cyrus over the saslauthd protocol and the MTA over a line protocol, each on a Unix socket of
 * its own. It stands beside the path of mail: no message passes through it.
 *
 * Line protocol, one question per connection, ended by a line feed: `health` → `yes`; base64(login) base64(password) →
 * `yes <box>` | `no` | `unavailable`. Neither logins nor passwords are logged.
 *
 * Started with one argument, the path of a JSON file (DaemonSettings) that only this account can read.
 */
import { hash } from "@node-rs/argon2";
import { Pool } from "pg";
import { checkPassword, type PasswordCheck } from "./check.ts";
import { formatAnswer, longestQuestion, parseQuestion } from "./saslauthd-protocol.ts";

export interface DaemonSettings {
  readonly saslauthdSocket: string;
  readonly lineSocket: string;
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

/** Cyrus' question. A login by another address of the box is refused: Cyrus would make it an account of its own. */
async function answerCyrus(
  settings: DaemonSettings,
  check: PasswordCheck,
  bytes: Uint8Array,
): Promise<Uint8Array | undefined> {
  const question = parseQuestion(bytes);
  if (question === undefined) return undefined;
  if (question.login === administrator && question.realm === "") {
    return formatAnswer(await isAdministratorSecret(settings, question.password));
  }
  const isWhole = question.login.includes("@") || question.realm === "";
  const login = (isWhole ? question.login : `${question.login}@${question.realm}`).toLowerCase();
  const answer = await checkPassword(check, login, question.password);
  return formatAnswer(answer.kind === "box" && answer.address === login);
}

async function answerMta(check: PasswordCheck, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const text = new TextDecoder().decode(bytes);
  if (!text.endsWith("\n")) return undefined;
  const encoded = new TextEncoder();
  if (text === "health\n") {
    const isUp = await check.pool.query("select 1").then(() => true, () => false);
    return encoded.encode(isUp ? "yes" : "unavailable");
  }
  const [login, password] = text.trimEnd().split(" ").map(fromBase64);
  if (login === undefined || password === undefined) return encoded.encode("no");
  const answer = await checkPassword(check, login, password);
  return encoded.encode(answer.kind === "box" ? `yes ${answer.address}` : answer.kind);
}

function fromBase64(text: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(text));
  } catch {
    return undefined; // Neither a login nor a password of ours.
  }
}

if (import.meta.main) {
  const [path = ""] = Deno.args;
  const settings = JSON.parse(await Deno.readTextFile(path)) as DaemonSettings;
  const pool = new Pool({ ...settings.postgres, max: 4, connectionTimeoutMillis: 3000 });
  pool.on("error", () => undefined); // The next question opens a new connection, or says "unavailable".
  const check = { pool, decoy: await hash(crypto.randomUUID()) };
  await serve(settings.saslauthdSocket, (bytes) => answerCyrus(settings, check, bytes));
  await serve(settings.lineSocket, (bytes) => answerMta(check, bytes));
  console.log("password daemon ready");
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
}
