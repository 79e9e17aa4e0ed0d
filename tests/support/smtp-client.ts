/** A raw SMTP client: what is sent is what the test wrote, every reply comes back whole. Plain, STARTTLS or TLS. */
import net from "node:net";
import tls from "node:tls";

export interface SmtpTarget {
  readonly host: string;
  readonly port: number;
}

/** PEM texts of a client certificate with its chain. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

/** The connection ended before the reply came. */
export class SmtpClosed extends Error {
  override readonly name = "SmtpClosed";
}

const timeoutMilliseconds = 20_000;

export class SmtpClient {
  #socket: net.Socket;
  #buffer = "";
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects and reads the banner. */
  static async connect(target: SmtpTarget): Promise<SmtpClient> {
    const client = new SmtpClient(net.connect(target));
    await client.reply();
    return client;
  }

  /** Connects with TLS from the first byte. */
  static async connectTls(target: SmtpTarget): Promise<SmtpClient> {
    const client = new SmtpClient(tls.connect({ ...target, rejectUnauthorized: false }));
    await client.reply();
    return client;
  }

  /** Connects, STARTTLS, EHLO. @throws Error when the handshake is refused */
  static async secure(target: SmtpTarget, identity?: ClientIdentity): Promise<SmtpClient> {
    const client = await SmtpClient.connect(target);
    await client.say("EHLO client.test");
    await client.startTls(identity);
    await client.say("EHLO client.test");
    return client;
  }

  async startTls(identity?: ClientIdentity, maxVersion: tls.SecureVersion = "TLSv1.3"): Promise<void> {
    const said = await this.say("STARTTLS");
    if (!said.startsWith("220")) throw new Error(said);
    this.#socket.removeAllListeners("data");
    const plain = this.#socket;
    const secure = tls.connect({ socket: plain, rejectUnauthorized: false, maxVersion, ...identity });
    this.#socket = secure;
    this.#listen(secure);
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
      secure.once("close", () => reject(new SmtpClosed("closed in the handshake")));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends one line and returns the reply, all its lines. */
  async say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return await this.reply();
  }

  /** Sends bytes as they are (one character is one byte). */
  send(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** DATA with this message; the end is added. */
  async data(message: string): Promise<string> {
    const ready = await this.say("DATA");
    if (!ready.startsWith("354")) return ready;
    this.send(`${message}\r\n.\r\n`);
    return await this.reply();
  }

  /** One whole transaction; the reply to its last command, or the first refusal. */
  async mail(from: string, to: readonly string[], message: string): Promise<string> {
    for (const command of [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`)]) {
      const said = await this.say(command);
      if (!said.startsWith("2")) {
        if (!this.#isClosed) await this.say("RSET").catch(() => undefined); // Dropped by the server.
        return said;
      }
    }
    return await this.data(message);
  }

  /** The next reply. @throws SmtpClosed */
  async reply(): Promise<string> {
    const until = Date.now() + timeoutMilliseconds;
    for (;;) {
      const end = /^\d{3} .*\r\n|^\d{3}\r\n/m.exec(this.#buffer);
      if (end !== null) {
        const text = this.#buffer.slice(0, end.index + end[0].length);
        this.#buffer = this.#buffer.slice(text.length);
        return text.trimEnd();
      }
      if (this.#isClosed) throw new SmtpClosed("the server closed the connection");
      if (Date.now() > until) throw new Error("The SMTP server does not answer.");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(socket: net.Socket): void {
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#buffer += text;
      this.#wake();
    });
    for (const event of ["close", "error", "end"]) {
      socket.on(event, () => {
        if (socket !== this.#socket) return;
        this.#isClosed = true;
        this.#wake();
      });
    }
  }
}

/** Initial responses, base64. */
export const sasl = {
  plain: (user: string, secret: string, authzid = "") => base64(`${authzid}\0${user}\0${secret}`),
  xoauth2: (user: string, token: string) => base64(`user=${user}\x01auth=Bearer ${token}\x01\x01`),
  oauthbearer: (user: string, token: string) =>
    base64(`n,a=${user},\x01host=mail\x01port=587\x01auth=Bearer ${token}\x01\x01`),
};

/** Of one character per byte, or of UTF-8. */
export function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}
