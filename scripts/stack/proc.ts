/** What /proc tells about processes: who is whose child, since when, and what holds a port. Linux only. */

/** Clock ticks since boot at which the process started; with the pid it names a process for good. */
export function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.startTime;
}

/** Whether the process exists and is not merely waiting to be collected by its parent. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== "Z";
}

/** Whether the process that had this number at this start time still runs: another one may have got its number since. */
export function stillRuns(pid: number, startTime: string): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== "Z" && stat.startTime === startTime;
}

/** All processes below this one, children first, without itself. */
export function descendantsOf(ancestor: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid)) continue;
    const parent = statOf(pid)?.parent;
    if (parent === undefined) continue;
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [pid]);
    else siblings.push(pid);
  }
  const found: number[] = [];
  const queue = [ancestor];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const children = childrenOf.get(next) ?? [];
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

/** Name and pid of the process that holds one of the sockets, as far as this account may see it. */
export function holderOf(inodes: ReadonlySet<string>): { pid: number; command: string } | undefined {
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid)) continue;
    try {
      for (const descriptor of Deno.readDirSync(`/proc/${pid}/fd`)) {
        const target = Deno.readLinkSync(`/proc/${pid}/fd/${descriptor.name}`);
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        if (inode === undefined || !inodes.has(inode)) continue;
        return { pid, command: Deno.readTextFileSync(`/proc/${pid}/comm`).trim() };
      }
    } catch {
      // Another account's process, or one that has just ended: it cannot be named.
    }
  }
  return undefined;
}

function statOf(pid: number): { state: string; parent: number; startTime: string } | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The command name stands in parentheses and may itself contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", parent: Number(fields[1]), startTime: fields[19] ?? "" };
  } catch {
    return undefined; // No such process.
  }
}
