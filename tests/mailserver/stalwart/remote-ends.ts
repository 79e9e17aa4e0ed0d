/** The other ends of a process's TCP and UDP sockets, from /proc: proof that it speaks to nobody outside. */

/** Remote addresses of all connected or connecting sockets, as `127.0.0.1:5432` or `[::1]:5432`. */
export function remoteEnds(pid: number): string[] {
  const inodes = new Set<string>();
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    return []; // The process has ended.
  }
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((table) =>
    textOf(`/proc/${pid}/net/${table}`).split("\n").slice(1).flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const remote = fields[2] ?? "";
      if (!inodes.has(fields[9] ?? "") || /^0+:0000$/.test(remote)) return [];
      return [toText(remote)];
    })
  );
}

function toText(hex: string): string {
  const [address = "", port = "0"] = hex.split(":");
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16))
  );
  const number = parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.join(".")}:${number}`;
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255) {
    return `[::ffff:${bytes.slice(12).join(".")}]:${number}`;
  }
  const isLoopback = bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
  return isLoopback ? `[::1]:${number}` : `[${address}]:${number}`;
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return ""; // Closed between listing and reading.
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
