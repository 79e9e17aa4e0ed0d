/** Hosted domains as `x:Domain` objects. They need no reload. */
import type { MailServerRefused } from "../port.ts";
import { asObject, callJmap, callOnce, idsOf, type JmapEndpoint, listOf, setError } from "./management.ts";

/** Keys, certificates and DNS are nobody's business but the border's: the server does none of it by itself. */
const domainSettings = {
  isEnabled: true,
  reportAddressUri: null,
  certificateManagement: { "@type": "Manual" },
  dkimManagement: { "@type": "Manual" },
  dnsManagement: { "@type": "Manual" },
  subAddressing: { "@type": "Disabled" },
};

/** Id of a hosted domain. */
export async function findDomain(endpoint: JmapEndpoint, name: string): Promise<string | undefined> {
  const ids = idsOf(await callOnce(endpoint, "x:Domain/query", { filter: { name } }));
  if (ids.length === 0) return undefined;
  // The filter's comparison is the server's own; the name is compared here.
  const domains = listOf(await callOnce(endpoint, "x:Domain/get", { ids, properties: ["id", "name"] }));
  const found = domains.find((domain) => domain["name"] === name);
  return found === undefined ? undefined : String(found["id"]);
}

/** Makes the domain known; returns its id. */
export async function applyDomain(endpoint: JmapEndpoint, name: string): Promise<void> {
  await ensureDomain(endpoint, name);
}

/** As `applyDomain`, and returns the domain's id. */
export async function ensureDomain(endpoint: JmapEndpoint, name: string): Promise<string> {
  const found = await findDomain(endpoint, name);
  if (found !== undefined) return found;
  const [response] = await callJmap(endpoint, [
    ["x:Domain/set", { create: { d: { name, ...domainSettings } } }],
  ]);
  const refused = setError(response!, "d");
  if (refused === undefined) return String(asObject(asObject(response!["created"])["d"])["id"]);
  // Another worker was faster.
  if (refused.reason === "primaryKeyViolation") {
    const made = await findDomain(endpoint, name);
    if (made !== undefined) return made;
  }
  throw refused;
}

/** Forgets the domain. Nothing happens when it is not known. @throws MailServerRefused `objectIsLinked` */
export async function removeDomain(endpoint: JmapEndpoint, name: string): Promise<void> {
  const id = await findDomain(endpoint, name);
  if (id === undefined) return;
  const response = await callOnce(endpoint, "x:Domain/set", { destroy: [id] });
  const refused: MailServerRefused | undefined = setError(response, id);
  if (refused !== undefined && refused.reason !== "notFound") throw refused;
}
