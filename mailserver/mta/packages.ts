/** Programs that come from Debian packages unpacked into a private directory, kept between starts. */
import { StartFailure } from "../../scripts/stack/part.ts";

/** A set of packages, by the script beside its owner that fetches it. */
export interface PackageSet {
  readonly name: "exim" | "cyrus";
  /** `packages.sh`, called with the target directory; it replaces the directory only when all is there. */
  readonly script: string;
  /** What a person is told when it has to be fetched. */
  readonly announcement: string;
}

/**
 * The directory of the unpacked set, fetched first when it is not there. Two starts at once wait for each other.
 *
 * @returns its path and the versions as `name version` lines.
 * @throws StartFailure when the packages cannot be fetched, with the last line apt said.
 */
export async function unpackedPackages(
  set: PackageSet,
  packagesDirectory: string,
  progress: (sentence: string) => void,
): Promise<{ directory: string; versions: string }> {
  const directory = `${packagesDirectory}/${set.name}`;
  let versions = await versionsOf(directory);
  if (versions === undefined) {
    progress(set.announcement);
    await Deno.mkdir(packagesDirectory, { recursive: true });
    const fetch = `[ -e "$1/VERSIONS" ] || exec bash "$0" "$1"`;
    const { code, stderr } = await new Deno.Command("flock", {
      args: [`${directory}.lock`, "bash", "-c", fetch, set.script, directory],
      stdout: "null",
      stderr: "piped",
    }).output();
    versions = await versionsOf(directory);
    if (code !== 0 || versions === undefined) {
      const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-2).join(" ");
      throw new StartFailure(`The packages of ${set.name} could not be fetched: ${last}`);
    }
  }
  return { directory, versions };
}

async function versionsOf(directory: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(`${directory}/VERSIONS`);
  } catch {
    return undefined; // Not fetched yet.
  }
}

/** Version of one package of the set, `?` when it is not named there. */
export function versionOf(versions: string, name: string): string {
  return versions.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "?";
}
