/**
 * Which TCP addresses a process really listens on, from /proc. The mail server's own word does not count: a
 * listener that cannot bind is announced with its configured port while its socket sits on a random port of
 * all interfaces (README.md, surprise 1).
 */

/** Listening addresses of the process as `127.0.0.1:18201` or `[::]:18201`, sorted. Linux only. */
export function listeningAddresses(pid: number): string[] {
  const inodes = socketInodes(pid);
  return ["tcp", "tcp6"].flatMap((table) => {
    let text: string;
    try {
      text = Deno.readTextFileSync(`/proc/${pid}/net/${table}`);
    } catch {
      return []; // No IPv6 on this machine, or the process has ended: it listens on nothing.
    }
    return text.split("\n").slice(1).flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const isListening = fields[3] === "0A";
      if (!isListening || !inodes.has(fields[9] ?? "")) return [];
      return [readAddress(fields[1] ?? "")];
    });
  }).sort();
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  let descriptors: Deno.DirEntry[];
  try {
    descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)];
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return inodes;
    throw cause; // Without the right to look nothing may be assumed.
  }
  for (const { name } of descriptors) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // The descriptor was closed between listing and reading: it listens no more.
    }
  }
  return inodes;
}

/** The kernel writes each 32-bit word of an address in the machine's (little-endian) order. */
function readAddress(text: string): string {
  const [address = "", port = "0"] = text.split(":");
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16))
  );
  const number = parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.join(".")}:${number}`;
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return `[::ffff:${bytes.slice(12).join(".")}]:${number}`;
  if (bytes.every((byte) => byte === 0)) return `[::]:${number}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return `[${groups.join(":")}]:${number}`;
}
