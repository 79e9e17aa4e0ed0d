/**
 * As much of an IMAP client as administration needs (RFC 3501, 4616, 9208): one connection, one command at a time, answers
 * without literals. The administrator may sign in as a box (SASL PLAIN with an authorization identity).
 */
import { MailServerRefused, MailServerUnavailable } from "../port.ts";

export interface ImapAddress {
  readonly host: string;
  readonly port: number;
}

/** The answer to a command: its untagged lines and the text of `NO`, if it was refused. */
export interface ImapAnswer {
  readonly lines: readonly string[];
  readonly refusal?: string;
}

export interface ImapSession {
  /** Runs a command. `NO` is an answer; `BAD` and a lost connection throw. */
  command(text: string): Promise<ImapAnswer>;
}

const administrator = "cyrus";
const timeoutMilliseconds = 15_000;
const longestAnswer = 1_000_000;

/**
 * Signs in as the administrator, or as `box` on his authority, runs `act` and signs out.
 *
 * @throws MailServerUnavailable when Cyrus does not answer in 15 s; MailServerRefused when it refuses the sign-in.
 */
export async function withImap<T>(
  address: ImapAddress,
  secret: string,
  box: string | undefined,
  act: (session: ImapSession) => Promise<T>,
): Promise<T> {
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname: address.host, port: address.port });
  } catch (cause) {
    throw new MailServerUnavailable("Cyrus does not accept IMAP connections", { cause });
  }
  // Closing the connection is what ends a read that waits for ever.
  const timer = setTimeout(() => close(connection), timeoutMilliseconds);
  try {
    const session = await signIn(connection, secret, box);
    const result = await act(session);
    await session.command("LOGOUT").catch(() => undefined); // The work is done; how the connection ends does not matter.
    return result;
  } catch (error) {
    if (error instanceof MailServerRefused || error instanceof MailServerUnavailable) throw error;
    throw new MailServerUnavailable("the IMAP connection to Cyrus was lost", { cause: error });
  } finally {
    clearTimeout(timer);
    close(connection);
  }
}

async function signIn(
  connection: Deno.TcpConn,
  secret: string,
  box: string | undefined,
): Promise<ImapSession> {
  const readLine = lineReader(connection);
  await readLine(); // The greeting.
  let count = 0;
  const session: ImapSession = {
    command: async (text) => {
      if (/[\r\n]/.test(text)) {
        throw new MailServerRefused("invalidArgument", "a command of more than one line");
      }
      const tag = `a${++count}`;
      const bytes = new TextEncoder().encode(`${tag} ${text}\r\n`);
      for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
      const lines: string[] = [];
      while (true) {
        const line = await readLine();
        if (!line.startsWith(`${tag} `)) {
          lines.push(line);
          continue;
        }
        const [word = "", ...rest] = line.slice(tag.length + 1).split(" ");
        if (word === "OK") return { lines };
        if (word === "NO") return { lines, refusal: rest.join(" ") };
        throw new MailServerRefused("bad", `Cyrus does not understand: ${rest.join(" ")}`);
      }
    },
  };
  const response = new TextEncoder().encode(`${box ?? ""}\0${administrator}\0${secret}`).toBase64();
  const { refusal } = await session.command(`AUTHENTICATE PLAIN ${response}`);
  if (refusal !== undefined) {
    throw new MailServerRefused("signInRefused", "Cyrus refuses the administrator's sign-in");
  }
  return session;
}

function lineReader(connection: Deno.TcpConn): () => Promise<string> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(8192);
  let buffered = "";
  return async () => {
    while (true) {
      const end = buffered.indexOf("\r\n");
      if (end >= 0) {
        const line = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        return line;
      }
      if (buffered.length > longestAnswer) throw new MailServerUnavailable("an endless answer");
      const read = await connection.read(chunk);
      if (read === null) throw new MailServerUnavailable("Cyrus closed the IMAP connection");
      buffered += decoder.decode(chunk.subarray(0, read), { stream: true });
    }
  };
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
