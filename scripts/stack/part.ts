/**
 * The parts of a running platform: the shapes that launchers and the supervisor share.
 *
 * Invariants: every process is the leader of its own process group, so that ending it ends what it started; its pid and
 * its start time stand in a pid file, so that a stack that was itself killed can be cleared away by the next one; nothing
 * is started before its ports were checked (ports.ts).
 */
import type { Address } from "./ports.ts";
import type { Account, RunningPart } from "./process.ts";

export { StartFailure } from "./failure.ts";
export type { Address } from "./ports.ts";
export { endLeftovers, joinParts, startProcess } from "./process.ts";
export type { Account, ProcessSpec, ReadyCondition, RunningPart, StartedProcess } from "./process.ts";

/** Port numbers by the name that the launcher gives them, e.g. `{ jmap: 18080, imap: 18143 }`. */
export type Ports = Record<string, number>;

/** Where the mail server can be spoken to. All on loopback; people and their programs come by the edge. */
export interface MailServerAddresses {
  readonly jmapUrl: string;
  readonly imap: Address;
  readonly relay?: Address;
  readonly lmtp?: Address;
  readonly sieve?: Address;
}

/** How the edge (mailserver/edge) speaks to the mail server as a box. Loopback only. */
export interface EdgeUpstream {
  readonly imap: Address;
  /** Where the edge hands over what a box sends: at Stalwart with AUTH, at Cyrus the MTA's internal port. */
  readonly submission: Address;
  /** Where it hands over what a box sends as nobody (read receipts): at Stalwart a port for that alone. */
  readonly receipts: Address;
  /** Where mail without a hosted sender goes in. */
  readonly relay: Address;
  /** At Stalwart the service after the `%` of `box%service`, at Cyrus the administrator who acts for a box. */
  readonly login: string;
  readonly secretFile: string;
}

/** What a mail server's launcher (`mailserver/<kind>/launch.ts`) receives. */
export interface LaunchOptions {
  /** Private directory of this mail server: exists, absolute, owned by `runAs` where that is given. */
  readonly directory: string;
  /** Directory of secrets, absolute, mode 0700: read and made with `secretFile` of secrets.ts. */
  readonly secretsDirectory: string;
  /** Where unpacked packages are kept between starts and shared by all stacks of this clone (`.local/packages`). */
  readonly packagesDirectory: string;
  /** A free port for each name that the launcher lists in its export `portNames`. */
  readonly ports: Ports;
  /** The platform's PostgreSQL server. The roles' passwords are the secrets `postgres-<role>`, e.g. `postgres-mail_directory`. */
  readonly postgres: Address & { readonly database: string };
  /** Domain of the operator's own services, e.g. `operateur.mssante.test`. */
  readonly operatorDomain: string;
  /** Origin of the API, which the mail server's hooks call, e.g. `http://127.0.0.1:8480`. It may not answer yet. */
  readonly apiUrl: string;
  /** SMTP server to which all mail for other operators goes. It may not answer yet. */
  readonly nextHop: Address;
  /** For the launcher of Stalwart only: its program. */
  readonly stalwart?: { readonly binary: string };
  /** Present when the stack runs as root: no process of the mail server may keep root's rights. */
  readonly runAs?: Account;
  /** `false` only in tests: data need not survive a power cut. */
  readonly durable: boolean;
  /** Receives each line of output, without prefix. */
  readonly log: (line: string) => void;
  /** Receives a short sentence for the person who waits, e.g. "Cyrus is being fetched (60 MB)". */
  readonly progress: (sentence: string) => void;
}

/**
 * A mail server that answers.
 *
 * `launch` runs the server's recovery step (stale locks, interrupted queue) before every start, so launching again with
 * the same options *is* the recovery after a crash.
 */
export interface RunningMailServer extends RunningPart {
  readonly kind: "stalwart" | "cyrus";
  readonly version: string;
  readonly addresses: MailServerAddresses;
  readonly edge: EdgeUpstream;
  /** The `MSS_MAIL_*` variables that the API and the worker need for this server; secrets only as paths (`*_FILE`). */
  readonly apiEnvironment: Readonly<Record<string, string>>;
}
