/** Programs that come from Debian packages unpacked into a private directory, kept between starts. */
import { StartFailure } from "../../scripts/stack/part.ts";

/** A set of packages, by the script beside its owner that fetches it. */
export interface PackageSet {
  readonly name: "exim" | "cyrus" | "edge-imap";
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
  const recipe = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(set.script)))
    .toHex();
  let versions = await versionsOf(directory, recipe);
  if (versions === undefined) {
    progress(set.announcement);
    await Deno.mkdir(packagesDirectory, { recursive: true });
    const fetch =
      `[ "$(cat "$1/RECIPE" 2>/dev/null)" = "$2" ] || { bash "$0" "$1" && echo "$2" >"$1/RECIPE"; }`;
    const { code, stderr } = await new Deno.Command("flock", {
      args: [`${directory}.lock`, "bash", "-c", fetch, set.script, directory, recipe],
      stdout: "null",
      stderr: "piped",
    }).output();
    versions = await versionsOf(directory, recipe);
    if (code !== 0 || versions === undefined) {
      const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-2).join(" ");
      throw new StartFailure(`The packages of ${set.name} could not be fetched: ${last}`);
    }
  }
  return { directory, versions };
}

/** Undefined when the set is not there, or was unpacked by another recipe. */
async function versionsOf(directory: string, recipe: string): Promise<string | undefined> {
  try {
    if ((await Deno.readTextFile(`${directory}/RECIPE`)).trim() !== recipe) return undefined;
    return await Deno.readTextFile(`${directory}/VERSIONS`);
  } catch {
    return undefined; // Not fetched yet.
  }
}

/** Version of one package of the set, `?` when it is not named there. */
export function versionOf(versions: string, name: string): string {
  return versions.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "?";
}
