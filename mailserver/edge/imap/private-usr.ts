/**
 * Dovecot's paths are compiled in (/usr/lib/dovecot, /usr/bin/doveconf), and nothing of it is installed: its processes get
 * a mount namespace of their own in which the unpacked tree stands in the place of /usr. As root that takes a mount, as a
 * plain user a user namespace, which some machines do not give.
 */
import { type Account, StartFailure } from "../../../scripts/stack/part.ts";

/** The machine has neither root nor user namespaces for us: the rest of the platform runs without this part. */
export class EdgeUnavailable extends StartFailure {}

export interface ProgramInPrivateUsr {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * The command that runs a program of the tree as `runAs` (or as the own account), keeping its process number.
 *
 * @param packages holds `usr`
 * @param program path as it is inside, e.g. `/usr/sbin/dovecot`
 */
export function inPrivateUsr(
  packages: string,
  runAs: Account | undefined,
  program: string,
  args: readonly string[],
): ProgramInPrivateUsr {
  // Each proxied session holds two descriptors.
  const prepare = 'mount --bind "$0/usr" /usr && ulimit -n "$(ulimit -Hn)" && exec "$@"';
  const inside = runAs === undefined
    // The first user namespace made us root, who may mount; the second gives the own account back.
    ? ["/usr/bin/unshare", "--user", `--map-user=${Deno.uid()}`, `--map-group=${Deno.gid()}`, "--"]
    : [
      "/usr/bin/setpriv",
      `--reuid=${runAs.uid}`,
      `--regid=${runAs.gid}`,
      "--clear-groups",
      "--inh-caps=-all",
      "--no-new-privs",
      "--",
    ];
  const namespaces = runAs === undefined ? ["--user", "--map-root-user", "--mount"] : ["--mount"];
  return {
    command: "unshare",
    args: [...namespaces, "--", "/bin/sh", "-c", prepare, packages, ...inside, program, ...args],
  };
}

/** @throws EdgeUnavailable in one sentence when this machine gives no such namespace */
export async function requirePrivateUsr(packages: string, runAs: Account | undefined): Promise<void> {
  const { command, args } = inPrivateUsr(packages, runAs, "/usr/sbin/dovecot", ["--version"]);
  const isThere = await new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" })
    .output()
    .then(({ success }) => success, () => false);
  if (!isThere) {
    throw new EdgeUnavailable(
      "Dovecot cannot run here: its paths are compiled in, and this machine gives neither root nor user namespaces to hide them. IMAP at the edge is left out, the rest runs.",
    );
  }
}
