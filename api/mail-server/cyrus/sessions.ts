/**
 * Ends a box's IMAP sessions. Cyrus has no command for it; each of its processes writes `service client user …` into a file
 * named after its pid, so the box's imapd processes are asked to end one by one. httpd processes serve many boxes in turn and
 * are left alone: the gateway closes its own streams.
 */
const waitMilliseconds = 2000;
/** Cyrus notes whose session it is a moment after it has said so: one look could miss a sign-in of just now. */
const looks = 3;
const betweenLooksMilliseconds = 100;

/** @param procDirectory Cyrus' `proc_path`; when it cannot be read (another machine) nothing is done. */
export async function kickSessions(procDirectory: string, address: string): Promise<void> {
  const deadline = Date.now() + waitMilliseconds;
  for (let clean = 0; clean < looks && Date.now() < deadline;) {
    const pids = await imapProcessesOf(procDirectory, address.toLowerCase());
    clean = pids.length === 0 ? clean + 1 : 0;
    for (const pid of pids) {
      try {
        Deno.kill(pid, "SIGTERM");
      } catch {
        // It has ended meanwhile, which is what was wanted.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, betweenLooksMilliseconds));
  }
}

async function imapProcessesOf(procDirectory: string, address: string): Promise<number[]> {
  const entries = await Array.fromAsync(Deno.readDir(procDirectory)).catch(() => []); // Not on this machine.
  const pids: number[] = [];
  for (const { name } of entries) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const content = await Deno.readTextFile(`${procDirectory}/${name}`).catch(() => ""); // It has just ended.
    const [service, , user] = content.split("\t");
    if (service === "imap" && user === address && isImapProcess(pid)) pids.push(pid);
  }
  return pids;
}

/** The number may have gone to another program since the file was written. */
function isImapProcess(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("imapd");
  } catch {
    return false;
  }
}
