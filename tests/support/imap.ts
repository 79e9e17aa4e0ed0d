/**
 * IMAP by hand (RFC 3501), for what no mail program says (those are mail-program.ts): commands with literals both ways, untagged data
 * as text, IDLE. Plain connection or TLS. It hides nothing: a refused command is an `ImapRefused` with the server's line.
 */
import net from "node:net";
import tls from "node:tls";

export interface ImapAddress {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; `true` accepts any certificate of a test server. */
  readonly tls?: boolean;
  /** What the client shows of itself when asked, as PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly privateKey: string };
}

export interface ImapReply {
  /** Untagged lines without `* `; literals stand in place of their `{n}` marker, after CRLF. */
  readonly untagged: readonly string[];
  /** The tagged line after the tag, e.g. `OK [READ-WRITE] SELECT completed`. */
  readonly tagged: string;
}

/** The server answered NO or BAD, or closed the connection before it answered. */
export class ImapRefused extends Error {
  override readonly name = "ImapRefused";
  /** @param challenges what a SASL exchange said before it was refused */
  constructor(readonly line: string, readonly challenges: readonly string[] = []) {
    super(`IMAP refused: ${line}`);
  }
}

const timeoutMilliseconds = 15_000;

function trusting({ clientCertificate: own }: ImapAddress): tls.ConnectionOptions {
  return {
    rejectUnauthorized: false,
    ...(own === undefined ? {} : { cert: own.certificate, key: own.privateKey }),
  };
}

export class ImapClient {
  #buffer = "";
  #wake: () => void = () => {};
  #isClosed = false;
  #tag = 0;

  private constructor(private readonly address: ImapAddress, private socket: net.Socket) {
    this.#listen(socket);
  }

  #listen(socket: net.Socket): void {
    // One character per byte: literals are counted in bytes.
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      if (socket !== this.socket) return;
      this.#buffer += text;
      this.#wake();
    });
    for (const event of ["close", "error", "end"]) {
      socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  /** Connects and reads the greeting. */
  static async connect(address: ImapAddress): Promise<ImapClient> {
    const { host, port } = address;
    const socket = address.tls === true
      ? tls.connect({ host, port, ...trusting(address) })
      : net.connect({ host, port });
    const client = new ImapClient(address, socket);
    const greeting = await client.#line(deadline());
    if (!greeting.startsWith("* OK")) throw new ImapRefused(greeting);
    return client;
  }

  /** Connects and signs in by LOGIN. @throws ImapRefused when the server does not let the box in */
  static async signIn(address: ImapAddress, login: string, password: string): Promise<ImapClient> {
    const client = await ImapClient.connect(address);
    try {
      await client.command(`LOGIN ${quote(login)} ${quote(password)}`);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Goes on with TLS (RFC 3501 §6.2.1). @throws ImapRefused */
  async startTls(): Promise<void> {
    await this.command("STARTTLS");
    const { socket } = this;
    socket.removeAllListeners();
    this.socket = tls.connect({ socket, ...trusting(this.address) });
    this.#listen(this.socket);
  }

  /**
   * Signs in by SASL (RFC 3501 §6.2.2, RFC 4959): one response or several, the first given at once or when the server asks for
   * it. What the server says after the last one, an error of the token mechanisms, is answered as they want it, and kept.
   *
   * @throws ImapRefused
   */
  async authenticate(
    mechanism: string,
    response: string | readonly string[],
    isInitial = true,
  ): Promise<{ challenges: readonly string[]; tagged: string }> {
    const until = deadline();
    const tag = `a${++this.#tag}`;
    const responses = [response].flat().map((text) =>
      text === "" ? "=" : new TextEncoder().encode(text).toBase64()
    );
    const first = isInitial ? ` ${responses.shift()}` : "";
    this.socket.write(`${tag} AUTHENTICATE ${mechanism}${first}\r\n`);
    const challenges: string[] = [];
    for (;;) {
      const line = await this.#line(until);
      if (line.startsWith(`${tag} OK`)) return { challenges, tagged: line.slice(tag.length + 1) };
      if (line.startsWith(`${tag} `)) throw new ImapRefused(line.slice(tag.length + 1), challenges);
      if (!line.startsWith("+")) continue;
      const next = responses.shift();
      if (next === undefined) challenges.push(new TextDecoder().decode(Uint8Array.fromBase64(line.slice(2))));
      // RFC 7628 §3.2.3: the client ends a refused exchange with ^A, XOAUTH2 with an empty line.
      this.socket.write(`${next ?? (mechanism === "OAUTHBEARER" ? "AQ==" : "")}\r\n`);
    }
  }

  /** Whether the server has closed the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Sends one command, each of `literals` in place of a `{}` in the text, and reads to its tagged line.
   *
   * @throws ImapRefused
   */
  async command(text: string, literals: readonly Uint8Array[] = []): Promise<ImapReply> {
    const until = deadline();
    const tag = `a${++this.#tag}`;
    const parts = text.split("{}");
    const untagged: string[] = [];
    let outgoing = tag + " ";
    for (const [index, part] of parts.entries()) {
      const literal = literals[index];
      outgoing += utf8(part);
      if (literal === undefined) continue;
      this.socket.write(`${outgoing}{${literal.length}}\r\n`, "latin1");
      for (;;) {
        const line = await this.#line(until);
        if (line.startsWith("+")) break;
        if (line.startsWith(`${tag} `)) throw new ImapRefused(line.slice(tag.length + 1));
        untagged.push(line.replace(/^\* /, ""));
      }
      this.socket.write(literal);
      outgoing = "";
    }
    this.socket.write(`${outgoing}\r\n`, "latin1");
    for (;;) {
      const line = await this.#line(until);
      if (line.startsWith(`${tag} `)) {
        const tagged = line.slice(tag.length + 1);
        if (!tagged.startsWith("OK")) throw new ImapRefused(tagged);
        return { untagged, tagged };
      }
      untagged.push(line.replace(/^\* /, ""));
    }
  }

  /** Opens a folder and returns how many messages it holds. */
  async select(folder: string): Promise<number> {
    const { untagged } = await this.command(`SELECT ${quote(folder)}`);
    const line = untagged.find((each) => / EXISTS$/.test(each));
    return line === undefined ? 0 : Number(line.split(" ")[0]);
  }

  /** Names of all folders, decoded from modified UTF-7. */
  async folders(): Promise<string[]> {
    const { untagged } = await this.command('LIST "" "*"');
    return untagged.flatMap((line) => {
      const name = /^LIST \([^)]*\) (?:"[^"]*"|NIL) (?:"((?:[^"\\]|\\.)*)"|(\S+))$/.exec(line);
      const raw = name?.[1]?.replace(/\\(.)/g, "$1") ?? name?.[2];
      return raw === undefined ? [] : [decodeModifiedUtf7(raw)];
    });
  }

  /** Puts a message into a folder. */
  async append(folder: string, message: string, flags: readonly string[] = []): Promise<void> {
    await this.command(`APPEND ${quote(folder)} (${flags.join(" ")}) {}`, [
      new TextEncoder().encode(message),
    ]);
  }

  /** Begins IDLE (RFC 2177); the returned function ends it. Untagged lines meanwhile go to `onLine`. */
  async idle(onLine: (line: string) => void): Promise<() => Promise<void>> {
    const tag = `a${++this.#tag}`;
    this.socket.write(`${tag} IDLE\r\n`);
    const first = await this.#line(deadline());
    if (!first.startsWith("+")) throw new ImapRefused(first);
    let isOver = false;
    const reading = (async () => {
      for (;;) {
        const line = await this.#line(Number.POSITIVE_INFINITY).catch(() => undefined);
        if (line === undefined || line.startsWith(`${tag} `)) return;
        if (!isOver) onLine(line.replace(/^\* /, ""));
      }
    })();
    return async () => {
      isOver = true;
      if (!this.#isClosed) this.socket.write("DONE\r\n");
      await reading;
    };
  }

  /** Signs out in good order. */
  async logout(): Promise<void> {
    await this.command("LOGOUT").catch(() => undefined); // The server may close before its tagged line.
    this.close();
  }

  /** Drops the connection. */
  close(): void {
    this.socket.destroy();
  }

  /** The next line, with the literals it announces. */
  async #line(until: number): Promise<string> {
    let line = "";
    for (;;) {
      const end = await this.#wait(() => this.#buffer.indexOf("\r\n"), until);
      const part = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 2);
      line += part;
      const size = /\{(\d+)\+?\}$/.exec(part)?.[1];
      if (size === undefined) return line;
      const length = Number(size);
      await this.#wait(() => this.#buffer.length >= length ? length : -1, until);
      line += `\r\n${this.#buffer.slice(0, length)}`;
      this.#buffer = this.#buffer.slice(length);
    }
  }

  async #wait(position: () => number, until: number): Promise<number> {
    for (;;) {
      const found = position();
      if (found >= 0) return found;
      if (this.#isClosed) throw new ImapRefused("the connection was closed");
      const remaining = until - Date.now();
      if (remaining <= 0) throw new Error("The IMAP server does not answer.");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(remaining, 1_000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** A quoted string (RFC 3501 §4.3). */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function deadline(): number {
  return Date.now() + timeoutMilliseconds;
}

function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** RFC 3501 §5.1.3. */
function decodeModifiedUtf7(text: string): string {
  return text.replace(/&([^-]*)-/g, (_, encoded: string) => {
    if (encoded === "") return "&";
    const bytes = Uint8Array.fromBase64(encoded.replaceAll(",", "/"), { lastChunkHandling: "loose" });
    return new TextDecoder("utf-16be").decode(bytes);
  });
}
