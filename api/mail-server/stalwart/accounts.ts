/** Boxes as `x:Account` objects: made before their first use, brought to a desired state, read back. */
import {
  type DesiredMailbox,
  MailServerRefused,
  MailServerUnavailable,
  type ObservedMailbox,
} from "../port.ts";
import { splitAddress } from "./address.ts";
import { ensureDomain, findDomain } from "./domains.ts";
import {
  asObject,
  callOnce,
  idsOf,
  type JmapEndpoint,
  type JsonObject,
  listOf,
  setError,
} from "./management.ts";

/** What refuses the box everywhere: HTTP at once (also by the gateway's credential), new IMAP and SMTP sign-ins. */
const suspended = {
  "@type": "Merge",
  enabledPermissions: {},
  disabledPermissions: { authenticate: true },
};
const inherited = { "@type": "Inherit" };

const properties = [
  "id",
  "name",
  "domainId",
  "emailAddress",
  "aliases",
  "quotas",
  "permissions",
  "usedDiskQuota",
];

/** Times a box is tried before the worker is told to come back. */
const attempts = 6;

/**
 * Brings the box to the desired state. Repeating it changes nothing.
 *
 * A first mail or a first sign-in may be making the same account at the same moment; the server then refuses one of
 * the two as "temporarily unavailable". That passes within milliseconds, so it is tried again here.
 */
export async function applyMailbox(endpoint: JmapEndpoint, desired: DesiredMailbox): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await bringMailbox(endpoint, desired);
    } catch (error) {
      if (!(error instanceof MailServerUnavailable) || attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, (20 + 40 * Math.random()) * attempt));
    }
  }
}

async function bringMailbox(endpoint: JmapEndpoint, desired: DesiredMailbox): Promise<void> {
  const { localPart, domain } = splitAddress(desired.address);
  if (desired.status === "closed") {
    const found = await findAccount(endpoint, desired.address);
    if (found !== undefined) await destroyAccount(endpoint, String(found["id"]));
    return;
  }
  const domainId = await ensureDomain(endpoint, domain);
  const wanted = {
    quotas: desired.quotaBytes === null ? {} : { maxDiskQuota: desired.quotaBytes },
    permissions: desired.status === "suspended" ? suspended : inherited,
    aliases: await toAliases(endpoint, desired.sendAs),
  };
  const account = await findAccountIn(endpoint, localPart, domainId) ??
    await createAccount(endpoint, localPart, domainId);
  const patch: Record<string, unknown> = {};
  // The name that the box's first identity will carry. The server's own copying from SQL is switched off: it is a
  // write at the first recipient command after each change, and two at once fail with a 451.
  if ((account["description"] ?? "") !== desired.displayName) patch["description"] = desired.displayName;
  if (quotaOf(account) !== desired.quotaBytes) patch["quotas"] = wanted.quotas;
  if (isSuspended(account) !== (desired.status === "suspended")) patch["permissions"] = wanted.permissions;
  if (!sameAliases(account, wanted.aliases)) patch["aliases"] = wanted.aliases;
  if (Object.keys(patch).length > 0) await updateAccount(endpoint, String(account["id"]), patch);
}

/**
 * Gives the account another name and domain: it keeps its id and all its mail (facts: seen with 667 mails). Its aliases go:
 * they belong to the address that is given up.
 */
export async function renameMailbox(endpoint: JmapEndpoint, from: string, to: string): Promise<void> {
  const account = await findAccount(endpoint, from);
  if (account === undefined) return;
  const { localPart, domain } = splitAddress(to);
  const domainId = await ensureDomain(endpoint, domain);
  if (await findAccountIn(endpoint, localPart, domainId) !== undefined) {
    throw new MailServerRefused("both-stand", "The mail server has an account under both addresses.");
  }
  await updateAccount(endpoint, String(account["id"]), { name: localPart, domainId, aliases: {} });
}

/** The box as the server has it. */
export async function readMailbox(
  endpoint: JmapEndpoint,
  address: string,
): Promise<ObservedMailbox | undefined> {
  const account = await findAccount(endpoint, address);
  if (account === undefined) return undefined;
  const used = account["usedDiskQuota"];
  return {
    address: address.toLowerCase(),
    accountId: String(account["id"]),
    quotaBytes: quotaOf(account),
    usedBytes: typeof used === "number" ? used : null,
    status: isSuspended(account) ? "suspended" : "active",
    sendAs: await toAddresses(endpoint, account),
  };
}

async function findAccount(endpoint: JmapEndpoint, address: string): Promise<JsonObject | undefined> {
  const { localPart, domain } = splitAddress(address);
  const domainId = await findDomain(endpoint, domain);
  return domainId === undefined ? undefined : await findAccountIn(endpoint, localPart, domainId);
}

async function findAccountIn(
  endpoint: JmapEndpoint,
  name: string,
  domainId: string,
): Promise<JsonObject | undefined> {
  const ids = idsOf(await callOnce(endpoint, "x:Account/query", { filter: { name, domainId } }));
  if (ids.length === 0) return undefined;
  const accounts = listOf(await callOnce(endpoint, "x:Account/get", { ids, properties }));
  return accounts.find((account) => account["name"] === name && account["domainId"] === domainId);
}

async function createAccount(endpoint: JmapEndpoint, name: string, domainId: string): Promise<JsonObject> {
  const response = await callOnce(endpoint, "x:Account/set", {
    create: { b: { "@type": "User", name, domainId, locale: "fr_FR", timeZone: "Europe/Paris" } },
  });
  const refused = setError(response, "b");
  if (refused !== undefined && refused.reason !== "primaryKeyViolation") throw refused;
  // After a violation: a first mail or a first sign-in has made it meanwhile.
  const made = await findAccountIn(endpoint, name, domainId);
  if (made === undefined) throw refused ?? new Error("The mail server does not show the account it made.");
  return made;
}

async function updateAccount(endpoint: JmapEndpoint, id: string, patch: JsonObject): Promise<void> {
  const update = async () =>
    setError(await callOnce(endpoint, "x:Account/set", { update: { [id]: patch } }), id);
  const refused = await update();
  if (refused === undefined) return;
  // SQL is the truth of who holds an address: the account that still has it as an alias gives it back.
  if (refused.reason === "primaryKeyViolation" && patch["aliases"] !== undefined) {
    await releaseAliases(endpoint, id, patch["aliases"] as AliasList);
    const again = await update();
    if (again === undefined) return;
    throw again;
  }
  throw refused;
}

async function destroyAccount(endpoint: JmapEndpoint, id: string): Promise<void> {
  const refused = setError(await callOnce(endpoint, "x:Account/set", { destroy: [id] }), id);
  if (refused !== undefined && refused.reason !== "notFound") throw refused;
}

type Alias = { readonly name: string; readonly domainId: string; readonly enabled: true };
type AliasList = Readonly<Record<string, Alias>>;

async function toAliases(endpoint: JmapEndpoint, addresses: readonly string[]): Promise<AliasList> {
  const aliases: Record<string, Alias> = {};
  for (const [index, address] of [...new Set(addresses)].sort().entries()) {
    const { localPart, domain } = splitAddress(address);
    aliases[String(index)] = {
      name: localPart,
      domainId: await ensureDomain(endpoint, domain),
      enabled: true,
    };
  }
  return aliases;
}

async function toAddresses(endpoint: JmapEndpoint, account: JsonObject): Promise<string[]> {
  const aliases = aliasesOf(account);
  const ids = [...new Set(aliases.map((alias) => String(alias["domainId"])))];
  if (ids.length === 0) return [];
  const domains = listOf(await callOnce(endpoint, "x:Domain/get", { ids, properties: ["id", "name"] }));
  const names = new Map(domains.map((domain) => [String(domain["id"]), String(domain["name"])]));
  return aliases.map((alias) => `${alias["name"]}@${names.get(String(alias["domainId"]))}`).sort();
}

/** Takes the addresses away from whichever other account has them as aliases. */
async function releaseAliases(endpoint: JmapEndpoint, keeper: string, wanted: AliasList): Promise<void> {
  for (const { name, domainId } of Object.values(wanted)) {
    const ids = idsOf(await callOnce(endpoint, "x:Account/query", { filter: { text: name } }));
    if (ids.length === 0) continue;
    for (const account of listOf(await callOnce(endpoint, "x:Account/get", { ids, properties }))) {
      const aliases = aliasesOf(account);
      const kept = aliases.filter((alias) => alias["name"] !== name || alias["domainId"] !== domainId);
      if (account["id"] === keeper || kept.length === aliases.length) continue;
      const id = String(account["id"]);
      const list = Object.fromEntries(kept.map((alias, index) => [String(index), alias]));
      const refused = setError(
        await callOnce(endpoint, "x:Account/set", { update: { [id]: { aliases: list } } }),
        id,
      );
      if (refused !== undefined) throw refused;
    }
  }
}

function aliasesOf(account: JsonObject): JsonObject[] {
  return Object.values(asObject(account["aliases"])).map(asObject);
}

function sameAliases(account: JsonObject, wanted: AliasList): boolean {
  const key = (alias: JsonObject) => `${alias["name"]}@${alias["domainId"]} ${alias["enabled"]}`;
  const observed = aliasesOf(account).map(key).sort();
  const expected = Object.values(wanted).map(key).sort();
  return observed.length === expected.length && observed.every((one, index) => one === expected[index]);
}

function quotaOf(account: JsonObject): number | null {
  const quota = asObject(account["quotas"])["maxDiskQuota"];
  return typeof quota === "number" ? quota : null;
}

function isSuspended(account: JsonObject): boolean {
  return asObject(asObject(account["permissions"])["disabledPermissions"])["authenticate"] === true;
}
