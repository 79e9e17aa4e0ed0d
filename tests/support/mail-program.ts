/** A mail program as people run one: imapflow, a library in wide use, with its own mind about the protocol. */
import { ImapFlow, type ImapFlowOptions } from "imapflow";

/** As PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** How a program proves who it is: a SASL mechanism, the LOGIN command, or its certificate alone. */
export type Way =
  | { readonly kind: "token"; readonly mechanism: "XOAUTH2" | "OAUTHBEARER"; readonly token: string }
  | { readonly kind: "login" | "plain" | "sasl-login"; readonly secret: string }
  | { readonly kind: "certificate"; readonly certificate: KeyPair };

export interface Door {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS, and no going on without. */
  readonly isImplicit: boolean;
  /** PEM of the server's certificate and the name in it; without them any is taken. */
  readonly server?: { readonly certificate: string; readonly name: string };
}

/** The program was told something else than that it is in. */
export class NotLetIn extends Error {
  override readonly name = "NotLetIn";
  /**
   * @param line the answer without its tag, or `closed` when the connection ended before one
   * @param challenge what a token mechanism was told before the answer
   */
  constructor(
    readonly line: string,
    readonly challenge?: Readonly<Record<string, unknown>>,
    cause?: unknown,
  ) {
    super(`not let in: ${line}`, { cause });
  }
}

/** @throws NotLetIn */
export async function openBox(door: Door, box: string, way: Way): Promise<ImapFlow> {
  const own = way.kind === "certificate"
    ? { cert: way.certificate.certificate, key: way.certificate.privateKey }
    : {};
  const program = new ImapFlow({
    host: door.host,
    port: door.port,
    secure: door.isImplicit,
    ...(door.isImplicit ? {} : { doSTARTTLS: true }),
    ...(door.server === undefined ? {} : { servername: door.server.name }),
    tls: {
      ...(door.server === undefined ? { rejectUnauthorized: false } : { ca: door.server.certificate }),
      ...own,
    },
    auth: credentials(box, way),
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: 15_000,
  });
  program.on("error", () => undefined); // The end of a connection shows in `usable`.
  sayIts(program, way);
  try {
    await program.connect();
    return program;
  } catch (error) {
    program.close();
    throw toNotLetIn(error as Error & Record<string, unknown>);
  }
}

/** The messages of the INBOX as they lie there, in order. */
export async function readInbox(program: ImapFlow): Promise<string[]> {
  const { exists } = await program.mailboxOpen("INBOX");
  const messages = exists === 0 ? [] : await program.fetchAll("1:*", { source: true });
  return messages.map(({ source }) => source?.toString() ?? "");
}

function credentials(user: string, way: Way): NonNullable<ImapFlowOptions["auth"]> {
  switch (way.kind) {
    case "token":
      return { user, accessToken: way.token };
    case "login":
      return { user, pass: way.secret, loginMethod: "LOGIN" };
    case "plain":
      return { user, pass: way.secret, loginMethod: "AUTH=PLAIN" };
    case "sasl-login":
      return { user, pass: way.secret, loginMethod: "AUTH=LOGIN" };
    case "certificate":
      return { user };
  }
}

/** What imapflow 2.1 keeps to itself. */
interface Inside {
  authenticate(): Promise<boolean>;
  exec(command: string, attributes: readonly { type: "ATOM"; value: string }[]): Promise<{ next(): void }>;
  setAuthenticationState(): Promise<void>;
  expectCapabilityUpdate: boolean;
}

/** It takes OAUTHBEARER wherever that is offered, and knows no EXTERNAL. */
function sayIts(program: ImapFlow, way: Way): void {
  const inside = program as unknown as Inside;
  const usual = inside.authenticate.bind(program);
  inside.authenticate = async () => {
    if (way.kind === "token" && way.mechanism === "XOAUTH2") program.capabilities.delete("AUTH=OAUTHBEARER");
    if (way.kind !== "certificate") return await usual();
    inside.expectCapabilityUpdate = true;
    const authzid = new TextEncoder().encode(program.options.auth?.user ?? "").toBase64();
    const words = ["EXTERNAL", authzid].map((value) => ({ type: "ATOM" as const, value }));
    (await inside.exec("AUTHENTICATE", words)).next();
    program.authenticated = true;
    await inside.setAuthenticationState();
    return true;
  };
}

/** Its own mechanisms read the code (RFC 5530) out of the answer; that of EXTERNAL is there as it was parsed. */
function toNotLetIn(error: Error & Record<string, unknown>): NotLetIn {
  const { responseStatus, responseText, serverResponseCode, oauthError } = error;
  if (typeof responseStatus !== "string") return new NotLetIn("closed", undefined, error);
  const parsed = error["response"] as { attributes?: { section?: { value?: string }[] }[] };
  const code = serverResponseCode ?? parsed.attributes?.[0]?.section?.[0]?.value;
  const said = code === undefined
    ? [responseStatus, responseText]
    : [responseStatus, `[${code}]`, responseText];
  return new NotLetIn(said.join(" "), oauthError as undefined);
}
