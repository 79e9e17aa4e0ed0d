/** What stands behind the edge where a test must decide what the store says: records who hands over what, refuses on request. */
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export interface HandedOver {
  /** The box: the login of SMTP AUTH, or the value of AUTH= at MAIL. */
  readonly as: string;
  readonly from: string;
  readonly to: readonly string[];
  /** One character per byte. */
  readonly raw: string;
  /** Number of the connection: each mail must have its own. */
  readonly connection: string;
}

export interface RecordingStore {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly mails: HandedOver[];
  /** Refusal of a recipient, e.g. `550 5.1.1 no such box`. */
  refuseRecipient: (address: string) => string | undefined;
  /** Refusal of a whole mail at its end. */
  refuseMail: (mail: HandedOver) => string | undefined;
  /** Secret that `box%service` must show. */
  secret: string;
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function startRecordingStore(
  options: { requiresAuth: boolean; port?: number },
): Promise<RecordingStore> {
  const store: RecordingStore = {
    host: "127.0.0.1",
    port: options.port ?? 0,
    mails: [],
    refuseRecipient: () => undefined,
    refuseMail: () => undefined,
    secret: "",
    open,
    close: () => Promise.resolve(),
  };
  async function open(): Promise<void> {
    const server = new SMTPServer({
      authOptional: !options.requiresAuth,
      allowInsecureAuth: true,
      disabledCommands: ["STARTTLS"],
      size: 60_000_000,
      logger: false,
      onAuth(auth, _session, done) {
        if (auth.password !== store.secret) return done(refusal("535 5.7.8 no"));
        done(null, { user: auth.username });
      },
      onRcptTo(address, _session, done) {
        const refused = store.refuseRecipient(address.address.toLowerCase());
        done(refused === undefined ? null : refusal(refused));
      },
      onData(stream, session, done) {
        const decoder = new TextDecoder("latin1");
        let raw = "";
        stream.on("data", (chunk: Uint8Array) => raw += decoder.decode(chunk));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          const sender = mailFrom === false ? undefined : mailFrom;
          const parameter = sender?.args === false
            ? undefined
            : (sender?.args as Record<string, string>)?.["AUTH"];
          const mail = {
            as: session.user ?? parameter ?? "",
            from: sender?.address ?? "",
            to: rcptTo.map(({ address }) => address),
            raw,
            connection: session.id,
          };
          const refused = store.refuseMail(mail);
          if (refused !== undefined) return done(refusal(refused));
          store.mails.push(mail);
          done();
        });
      },
    });
    server.on("error", () => undefined); // A client that is killed resets its connection.
    await new Promise<void>((resolve) => server.listen(store.port, "127.0.0.1", resolve));
    Object.assign(store, {
      port: (server.server.address() as AddressInfo).port,
      close: () => new Promise<void>((resolve) => server.close(() => resolve())),
    });
  }
  await open();
  return store;
}

function refusal(text: string): Error {
  const error = new Error(text.slice(4));
  return Object.assign(error, { responseCode: Number(text.slice(0, 3)) });
}
