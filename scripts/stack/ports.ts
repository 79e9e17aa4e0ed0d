/**
 * Ports of this machine: what listens where, and who holds it. A mail server whose port is taken may go on on another
 * port of every interface (facts on Stalwart), so ports are checked before anything starts and read back afterwards.
 */
import { StartFailure } from "./failure.ts";
import { holderOf, startTimeOf, stillRuns } from "./proc.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A listening TCP socket as /proc/net/tcp and tcp6 show it. */
export interface Listener {
  readonly port: number;
  /** Hexadecimal as the kernel writes it; `isLoopback` says what it means. */
  readonly isLoopback: boolean;
  readonly inode: string;
}

const listenState = "0A";

/** All listening TCP sockets of this network namespace. */
export function listeners(): Listener[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => {
    const text = readOrEmpty(path);
    return text.split("\n").slice(1).flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [address, portText] = (fields[1] ?? "").split(":");
      if (fields[3] !== listenState || address === undefined || portText === undefined) return [];
      return [{ port: parseInt(portText, 16), isLoopback: isLoopbackHex(address), inode: fields[9] ?? "" }];
    });
  });
}

/** Whether something accepts connections there. */
export async function isListening(address: Address): Promise<boolean> {
  try {
    const connection = await Deno.connect({ hostname: address.host, port: address.port });
    connection.close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Refuses to go on when a port is taken.
 *
 * @throws StartFailure with one sentence that names each port, what wants it and who holds it.
 */
export function requireFreePorts(wanted: Readonly<Record<string, number>>): void {
  const taken = listeners();
  const sentences = Object.entries(wanted).flatMap(([name, port]) => {
    const inodes = new Set(
      taken.filter((listener) => listener.port === port).map((listener) => listener.inode),
    );
    if (inodes.size === 0) return [];
    const holder = holderOf(inodes);
    const who = holder === undefined
      ? "a process of another account"
      : `${holder.command} (process ${holder.pid})`;
    return [`Port ${port}, wanted for ${name}, is taken by ${who}.`];
  });
  if (sentences.length > 0) {
    throw new StartFailure(`${sentences.join(" ")} Stop it, or choose other ports with --port-base=N.`);
  }
}

/** One file per port handed out, with its process: test files run side by side in processes of their own. */
const reservations = "/tmp/mssante-ports";

/**
 * Free loopback ports below the kernel's ephemeral range, for tests: none is handed out twice while the process that got it
 * still runs.
 *
 * @throws StartFailure when the range is exhausted.
 */
export function findFreePorts<Name extends string>(
  names: readonly Name[],
  from = 20000,
  to = 32000,
): Record<Name, number> {
  const taken = new Set(listeners().map((listener) => listener.port));
  const found: Partial<Record<Name, number>> = {};
  let candidate = from + Math.floor(Math.random() * (to - from) / 2);
  for (const name of names) {
    while (taken.has(candidate) || !canBind(candidate) || !reserve(candidate)) {
      candidate += 1;
      if (candidate > to) throw new StartFailure(`No free port is left between ${from} and ${to}.`);
    }
    found[name] = candidate;
  }
  return found as Record<Name, number>;
}

/** Whether the port is now this process's, by a file that only one process can make. */
function reserve(port: number): boolean {
  const path = `${reservations}/${port}`;
  try {
    Deno.mkdirSync(reservations, { recursive: true });
    Deno.chmodSync(reservations, 0o1777); // Every account of the machine notes its own there.
  } catch {
    // Another account made the directory.
  }
  try {
    const [pid, startTime] = Deno.readTextFileSync(path).split(" ");
    if (startTime !== undefined && stillRuns(Number(pid), startTime)) return false;
    Deno.removeSync(path);
  } catch {
    // Nobody has it; or another account had, whose note cannot be removed: then the next line fails.
  }
  try {
    Deno.writeTextFileSync(path, `${Deno.pid} ${startTimeOf(Deno.pid) ?? ""}`, { createNew: true });
    return true;
  } catch {
    return false;
  }
}

function canBind(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

function isLoopbackHex(address: string): boolean {
  // IPv4 is little-endian (7F is the last byte); IPv6 is ::1 or a mapped 127.x.
  if (address.length === 8) return address.endsWith("7F");
  return address === "00000000000000000000000001000000" || /^0{16}F{4}0{4}[0-9A-F]{6}7F$/.test(address) ||
    /^0{16}0{4}F{4}[0-9A-F]{6}7F$/.test(address);
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // No IPv6 on this machine.
  }
}
