/** What the parts of the edge share of Debian's packages and of the machine's ports. */
import { StartFailure } from "../../scripts/stack/part.ts";
import { requireFreePorts } from "../../scripts/stack/ports.ts";
import { type PackageSet, unpackedPackages } from "../mta/packages.ts";
import type { EdgeLaunchOptions } from "./options.ts";

const packageSet: PackageSet = {
  name: "edge-imap",
  script: new URL("imap/packages.sh", import.meta.url).pathname,
  announcement: "Dovecot and nginx are being fetched from the machine's Debian mirror (about 40 MB)",
};

/** Directory of the unpacked packages of Dovecot and nginx; fetched when they are not there. */
export async function edgePackages(options: EdgeLaunchOptions): Promise<string> {
  return (await unpackedPackages(packageSet, options.packagesDirectory, options.progress)).directory;
}

/** The ports of these names, each free. @throws StartFailure */
export function edgePorts<Name extends string>(
  { ports }: EdgeLaunchOptions,
  names: readonly Name[],
): Record<Name, number> {
  const wanted = Object.fromEntries(names.map((name) => {
    const port = ports[name];
    if (port === undefined) throw new StartFailure(`The edge was given no port "${name}".`);
    return [name, port];
  })) as Record<Name, number>;
  requireFreePorts(Object.fromEntries(names.map((name) => [`the edge (${name})`, wanted[name]])));
  return wanted;
}
