/**
 * The port: all that the platform asks of a mail server, and nothing that only one server can do.
 *
 * Two drivers implement it (`stalwart/`, `cyrus/`). The web, the gateway and the tests know RFC 8620/8621
 * and what the session announces; whatever a driver cannot do stands in `differences.ts`, never in an `if`
 * elsewhere. Writing methods express a desired state and may be repeated; only workers call them, never a
 * request that writes (the outbox stands in between).
 */
import type { Difference } from "./differences.ts";

export type MailServerKind = "stalwart" | "cyrus";

/**
 * `active`: signs in, sends, receives. `suspended`: none of these, the mail is kept. `closed`: the mail is
 * destroyed; allowed only when the row has left the views of `mail_directory`, or the next mail would make
 * a new, empty box.
 */
export type MailboxStatus = "active" | "suspended" | "closed";

/** What a box must look like on the mail server. Addresses are lower case. */
export interface DesiredMailbox {
  /** The box's own address; it names the account on the mail server. */
  readonly address: string;
  readonly displayName: string;
  /** Bytes of mail the box may hold; `null` = without limit. */
  readonly quotaBytes: number | null;
  readonly status: MailboxStatus;
  /** Further addresses (aliases) the box may write from. Delivery to them is the business of the SQL views. */
  readonly sendAs: readonly string[];
}

/** What the mail server says of a box. */
export interface ObservedMailbox {
  readonly address: string;
  /** JMAP account id, opaque. */
  readonly accountId: string;
  /** Bytes; `null` = no limit set. */
  readonly quotaBytes: number | null;
  /** Bytes in use; `null` when the server does not tell. */
  readonly usedBytes: number | null;
  /** Whether the server itself lets the box in. A server that cannot refuse by itself says `active`. */
  readonly status: "active" | "suspended";
  readonly sendAs: readonly string[];
}

/**
 * `accepted`: the server holds, or held, a message of this box with this Message-ID that was submitted.
 * `absent`: it has none, and an acceptance would have left a trace that was looked at: it may be sent again.
 * `unknown`: neither is proved; the message must not be repeated without the person's word.
 */
export type SubmissionTrace = "accepted" | "unknown" | "absent";

export interface MailServer {
  readonly kind: MailServerKind;

  /** JMAP API endpoint, absolute, on the private network; relative URLs of the session resolve against it. */
  readonly jmapUrl: string;
  /** JMAP session resource, absolute, on the private network. */
  readonly sessionUrl: string;

  /**
   * The value of the Authorization header by which the server treats a request, a stream or an upload as
   * this box and no other. No network call. It carries a secret: it must be neither logged nor sent to a browser.
   */
  authorization(address: string): Promise<string>;

  /**
   * A real JMAP call that needs the server's storage, never its health page (which says 200 with the
   * database down). Never throws; an aborted signal counts as `unavailable`.
   */
  probe(signal: AbortSignal): Promise<"ready" | "unavailable">;

  /** Makes the server know a mail domain that it hosts. Idempotent. */
  applyDomain(name: string): Promise<void>;
  /** Forgets a hosted domain. Idempotent. Throws `MailServerRefused` while boxes stand in it. */
  removeDomain(name: string): Promise<void>;

  /**
   * Makes the server match the desired state: the account stands (before any mail or sign-in) with its quota
   * and addresses, a suspended one is refused by the server itself, a closed one is gone with its mail.
   * Idempotent; also the way to resume.
   */
  applyMailbox(desired: DesiredMailbox): Promise<void>;
  /**
   * Gives the box's account another address, with all its mail. Idempotent: nothing happens when there is no account under
   * the old one. The domain of the new address is known, and neither address stands in the views: a mail or a sign-in in
   * between would make a second account. Throws `MailServerRefused` (`both-stand`) when there is one under both.
   */
  renameMailbox(from: string, to: string): Promise<void>;
  /** The box as the server has it; `undefined` when there is none. */
  readMailbox(address: string): Promise<ObservedMailbox | undefined>;

  /**
   * Ends what the server can end of the box's open sessions (see `differences.ts`); the gateway closes its
   * own streams and the edge its logins. Returns when the server has obeyed.
   */
  kickSessions(address: string): Promise<void>;

  /**
   * Looks for a submitted message before it is sent again.
   * @param from the sending box's own address
   * @param messageId with or without angle brackets
   * @param since when the first attempt began: older messages do not count
   * @param recipients envelope recipients, all known ones; they widen the search to boxes hosted here
   */
  findSubmission(
    from: string,
    messageId: string,
    since: Date,
    recipients?: readonly string[],
  ): Promise<SubmissionTrace>;

  /** What this server cannot do; empty for the product's own. */
  readonly differences: readonly Difference[];
}

/** The server does not answer, or answers that its storage is away: try again later. */
export class MailServerUnavailable extends Error {
  override readonly name = "MailServerUnavailable";
}

/**
 * The server understood and refused: repeating changes nothing, a person has to look.
 * `reason` is the server's own word (`objectIsLinked`, `primaryKeyViolation` …), without address or secret.
 */
export class MailServerRefused extends Error {
  override readonly name = "MailServerRefused";
  constructor(readonly reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What the Stalwart driver needs; secrets are values here, `config.ts` reads their files. */
export interface StalwartConfig {
  readonly kind: "stalwart";
  /** JMAP API endpoint, e.g. `http://127.0.0.1:18201/jmap/`. */
  readonly jmapUrl: string;
  /** Service whose role is `authenticate` + `impersonate` and nothing else, e.g. `gateway@operateur.mssante.test`. */
  readonly gatewayLogin: string;
  readonly gatewaySecret: string;
  /** Service that creates domains and accounts and reads the queue. */
  readonly provisionerLogin: string;
  readonly provisionerSecret: string;
}

/** What the Cyrus driver needs. */
export interface CyrusConfig {
  readonly kind: "cyrus";
  readonly jmapUrl: string;
  /** HS256 key, base64. */
  readonly jwtKey: string;
  readonly imap: { readonly host: string; readonly port: number };
  readonly adminSecret: string;
  /** The stand-in MTA's log: its only memory of what it accepted. */
  readonly mtaLogFile: string;
}

export type MailServerConfig = StalwartConfig | CyrusConfig;
