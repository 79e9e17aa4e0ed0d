/** What the parts of the edge (Dovecot, nginx, Exim) are started with. */
import type { Account, Address, RunningMailServer } from "../../scripts/stack/part.ts";

export interface EdgeLaunchOptions {
  /** Private directory of this part: exists, absolute. */
  readonly directory: string;
  /** Where unpacked packages are kept between starts (`.local/packages`). */
  readonly packagesDirectory: string;
  /** Addresses on which clients are served; each port below is opened on all of them. */
  readonly listen: readonly string[];
  /** A free port for each name that the launcher lists. */
  readonly ports: Readonly<Record<string, number>>;
  /** The API's private listener, which decides everything; each call carries the key. */
  readonly api: Address & { readonly keyFile: string };
  /** Name by which clients know the edge. */
  readonly hostName: string;
  /** PEM files of the edge's own server certificate, readable by root and `runAs`. */
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string };
  /** PEM files of the authorities whose client certificates are taken, and the revocation lists of all of them. */
  readonly clientCertificates: { readonly authoritiesFile: string; readonly crlFile: string };
  readonly mailServer: Pick<RunningMailServer, "kind" | "edge">;
  readonly operatorDomain: string;
  /** Present when the stack runs as root: no process of the edge may keep root's rights. */
  readonly runAs?: Account;
  readonly log: (line: string) => void;
  readonly progress: (sentence: string) => void;
}
