/**
 * Ends the IMAP sessions of boxes that are no longer active. Cyrus has no command for it and asks for a password only once;
 * each of its processes writes `service client user …` into a file named after its pid. So the launcher looks, every second,
 * whose sessions are open, and asks the processes of boxes that have left `mail_directory.sender` to end.
 *
 * The platform itself may not do it: API and worker have no right to signal another process. httpd processes serve many
 * boxes in turn and are left alone: the gateway closes its own streams.
 */
import { Pool } from "pg";
import type { DaemonSettings } from "./password-daemon/main.ts";

const intervalMilliseconds = 1000;

interface ImapProcess {
  readonly pid: number;
  readonly box: string;
}

/**
 * @param procDirectory Cyrus' `proc_path`
 * @returns ends the watch.
 */
export function watchSessions(
  procDirectory: string,
  postgres: DaemonSettings["postgres"],
  log: (line: string) => void,
): () => Promise<void> {
  const pool = new Pool({ ...postgres, max: 1, connectionTimeoutMillis: 3000 });
  pool.on("error", () => undefined); // The next look opens a new connection.
  let isWatching = true;
  let wake = (): void => undefined;
  const watch = (async () => {
    while (isWatching) {
      await look(procDirectory, pool).catch(() =>
        log("sessions are not watched: the directory does not answer")
      );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, intervalMilliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await pool.end();
  })();
  return async () => {
    isWatching = false;
    wake();
    await watch;
  };
}

async function look(procDirectory: string, pool: Pool): Promise<void> {
  const sessions = await imapSessions(procDirectory);
  if (sessions.length === 0) return;
  const { rows } = await pool.query<{ login: string }>(
    "select login from mail_directory.sender where login = any($1)",
    [[...new Set(sessions.map(({ box }) => box))]],
  );
  const active = new Set(rows.map(({ login }) => login));
  for (const { pid, box } of sessions) {
    if (active.has(box) || !isImapProcess(pid)) continue;
    try {
      Deno.kill(pid, "SIGTERM");
    } catch {
      // It has ended meanwhile, which is what was wanted.
    }
  }
}

/** Sessions of boxes; the administrator, who has no domain, is none. */
async function imapSessions(procDirectory: string): Promise<ImapProcess[]> {
  const entries = await Array.fromAsync(Deno.readDir(procDirectory)).catch(() => []); // Cyrus has not started.
  const sessions: ImapProcess[] = [];
  for (const { name } of entries) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const content = await Deno.readTextFile(`${procDirectory}/${name}`).catch(() => ""); // It has just ended.
    const [service, , box = ""] = content.split("\t");
    if (service === "imap" && box.includes("@")) sessions.push({ pid, box });
  }
  return sessions;
}

/** The number may have gone to another program since the file was written. */
function isImapProcess(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("imapd");
  } catch {
    return false;
  }
}
