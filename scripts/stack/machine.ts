/** What the machine must have before anything starts: room on the disk and memory. */
import { statfs } from "node:fs/promises";
import { StartFailure } from "./failure.ts";

const mebibyte = 1024 * 1024;

/** Least of each in MiB, measured with some margin: a Cyrus stack idles at 700 MiB, a Stalwart stack at 800 MiB. */
export const leastMemoryMebibytes = 1200;
export const leastDiskMebibytes = 1000;

/** Free room for a plain account on the file system of the path, in MiB. */
export async function freeDiskMebibytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return Math.floor(Number(bavail) * Number(bsize) / mebibyte);
}

/** Memory that can be had without swapping, in MiB, from the text of /proc/meminfo. */
export function availableMemoryMebibytes(meminfo: string): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kibibytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(Number(kibibytes) / 1024);
}

/**
 * @throws StartFailure with one sentence that says how much there is and how much is needed.
 */
export function requireRoom(
  found: { diskMebibytes: number; memoryMebibytes: number; directory: string },
): void {
  if (found.diskMebibytes < leastDiskMebibytes) {
    throw new StartFailure(
      `The disk is too full: ${found.diskMebibytes} MiB are free at ${found.directory}, ${leastDiskMebibytes} MiB are needed.`,
    );
  }
  if (found.memoryMebibytes < leastMemoryMebibytes) {
    throw new StartFailure(
      `There is too little memory: ${found.memoryMebibytes} MiB are available, ${leastMemoryMebibytes} MiB are needed.`,
    );
  }
}
