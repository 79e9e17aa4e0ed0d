/** Where the stand-in keeps what: one private directory, all of it owned by the mail server's account. */

export interface CyrusLayout {
  /** Everything that must exist before a start. */
  readonly directories: readonly string[];
  /** Mail, databases and locks of Cyrus. */
  readonly state: string;
  /** Exim's directory (mailserver/mta). */
  readonly mta: string;
  readonly sockets: string;
  readonly saslauthdSocket: string;
  readonly healthSocket: string;
  readonly jwtKeys: string;
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string };
  readonly imapdConfiguration: string;
  readonly serviceConfiguration: string;
  /** Cyrus' services while a crash is mended. */
  readonly recoveryConfiguration: string;
  readonly daemonSettings: string;
}

const stateDirectories = ["spool", "search", "proc", "lock", "tmp", "sieve"];
const configDirectories = [
  "db",
  "socket",
  "proc",
  "log",
  "msg",
  "ptclient",
  "quota",
  "user",
  "sync",
  "lock",
  "backup",
];

export function cyrusLayout(directory: string): CyrusLayout {
  const state = `${directory}/cyrus`;
  const sockets = `${directory}/sockets`;
  const etc = `${directory}/etc`;
  const jwtKeys = `${directory}/jwt-keys`;
  return {
    directories: [
      etc,
      sockets,
      jwtKeys,
      `${directory}/deno`,
      state,
      ...stateDirectories.map((name) => `${state}/${name}`),
      `${state}/conf`,
      ...configDirectories.map((name) => `${state}/conf/${name}`),
    ],
    state,
    mta: `${directory}/exim`,
    sockets,
    saslauthdSocket: `${sockets}/mux`,
    healthSocket: `${sockets}/health`,
    jwtKeys,
    tls: { certificateFile: `${etc}/server.crt`, privateKeyFile: `${etc}/server.key` },
    imapdConfiguration: `${etc}/imapd.conf`,
    serviceConfiguration: `${etc}/cyrus.conf`,
    recoveryConfiguration: `${etc}/recovery.conf`,
    daemonSettings: `${etc}/passwords.json`,
  };
}
