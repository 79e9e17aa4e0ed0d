/** The operator's SMTP server: strict about what it takes, and bad on demand. */
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import { Mood } from "./behaviour.ts";
import type { MessageStore } from "./store.ts";
import { isMailbox, messageFault, messageIdOf } from "./syntax.ts";

/** 36 MiB, the size the trust space's operators have to take. */
export const largestMessage = 36 * 1024 * 1024;

export interface SmtpOptions {
  readonly hostName: string;
  readonly domains: readonly string[];
  /** Known boxes, lower case; the set may grow while the server runs. */
  readonly boxes: ReadonlySet<string>;
  readonly tls: { readonly certificate: string; readonly privateKey: string };
  readonly mood: Mood;
  readonly store: MessageStore;
  readonly log: (line: string) => void;
}

class SmtpRefusal extends Error {
  constructor(readonly responseCode: number, message: string) {
    super(message);
  }
}

/** The server, not yet listening. */
export function makeSmtpServer(options: SmtpOptions): SMTPServer {
  const { mood, store } = options;
  const server = new SMTPServer({
    name: options.hostName,
    banner: "ESMTP",
    key: options.tls.privateKey,
    cert: options.tls.certificate,
    minVersion: "TLSv1.2",
    size: largestMessage,
    authOptional: true,
    disabledCommands: ["AUTH"],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true, // The texts below carry their own.
    hideSMTPUTF8: true,
    logger: false,
    onConnect: (session, done) => answer(done, () => connect(session)),
    onMailFrom: ({ address, args }, session, done) =>
      answer(done, () => mailFrom(address, args || {}, session)),
    onRcptTo: ({ address }, _session, done) => answer(done, () => rcptTo(address)),
    onData: (stream, session, done) => {
      const chunks: Uint8Array[] = [];
      let isCut = false;
      stream.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        if (!mood.dropsAt("mid-data")) return;
        isCut = true;
        cut(session);
      });
      stream.on("error", () => undefined); // The peer went away: nothing is kept, nobody to tell.
      stream.on("end", () => {
        // A small message may have come whole in the chunk at which the connection was cut.
        if (isCut) return done(new SmtpRefusal(451, "4.3.0 cut"));
        answer(done, () => data(chunks, stream.sizeExceeded, session), () => {
          if (mood.dropsAt("after-answer")) setTimeout(() => cut(session));
        });
      });
    },
  });
  server.on("error", () => undefined); // A peer that breaks its connection is no failure of this server.
  return server;

  function cut(session: SMTPServerSession): void {
    for (const connection of server.connections) {
      if (connection.id === session.id) connection._socket?.destroy();
    }
  }

  async function refuseIfAsked(stage: "connect" | "mail" | "rcpt" | "data"): Promise<void> {
    await mood.slowAt(stage);
    const refusal = mood.refusalAt(stage);
    if (refusal !== undefined) throw new SmtpRefusal(refusal.code, refusal.text);
  }

  async function connect(_session: SMTPServerSession): Promise<void> {
    server.options.hideSTARTTLS = mood.current.tls === "none";
    server.options.disabledCommands = mood.current.tls === "none" ? ["AUTH", "STARTTLS"] : ["AUTH"];
    await refuseIfAsked("connect");
  }

  async function mailFrom(
    address: string,
    args: Record<string, string | true>,
    session: SMTPServerSession,
  ): Promise<void> {
    if (mood.current.tls === "required" && !session.secure) {
      throw new SmtpRefusal(550, "5.7.10 STARTTLS required");
    }
    await refuseIfAsked("mail");
    if (address !== "" && !isMailbox(address)) throw new SmtpRefusal(553, "5.1.7 sender address syntax");
    const size = args["SIZE"];
    if (size !== undefined && !/^\d{1,20}$/.test(String(size))) throw new SmtpRefusal(501, "5.5.4 SIZE");
    if (options.domains.includes(domainOf(address))) throw new SmtpRefusal(550, "5.7.1 a sender of our own");
  }

  async function rcptTo(address: string): Promise<void> {
    await refuseIfAsked("rcpt");
    if (!isMailbox(address)) throw new SmtpRefusal(553, "5.1.3 recipient address syntax");
    if (!options.domains.includes(domainOf(address))) throw new SmtpRefusal(550, "5.7.1 relay not allowed");
    if (!options.boxes.has(address.toLowerCase())) throw new SmtpRefusal(550, "5.1.1 no such box here");
  }

  async function data(
    chunks: readonly Uint8Array[],
    isTooBig: boolean,
    session: SMTPServerSession,
  ): Promise<string> {
    if (isTooBig) throw new SmtpRefusal(552, "5.3.4 message too big");
    await refuseIfAsked("data");
    const raw = joined(chunks);
    const fault = messageFault(raw);
    if (fault !== undefined) throw new SmtpRefusal(554, fault);
    const { mailFrom, rcptTo } = session.envelope;
    const stored = await store.add({
      messageId: messageIdOf(raw),
      from: mailFrom === false ? "" : mailFrom.address,
      to: rcptTo.map(({ address }) => address.toLowerCase()),
      receivedAt: new Date().toISOString(),
      size: raw.length,
      isSecure: session.secure,
    }, raw);
    options.log(`message ${stored.id} kept, ${stored.size} bytes`);
    if (mood.dropsAt("before-answer")) cut(session);
    return `2.0.0 kept as ${stored.id}`;
  }
}

function answer<T>(
  done: (error?: Error | null, text?: string) => void,
  act: () => Promise<T>,
  afterwards: () => void = () => undefined,
): void {
  act().then((text) => {
    done(null, typeof text === "string" ? text : undefined);
    afterwards();
  }, (error: unknown) => done(error instanceof SmtpRefusal ? error : new SmtpRefusal(451, "4.3.0 internal")));
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
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
