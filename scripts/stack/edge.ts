/** The edge in a stack: what its parts (mailserver/edge) share, and what the API must know of them. */
import { type ClientAuthority, ensureClientAuthority } from "../../mailserver/certificates/clients.ts";
import { edgeCertificate } from "../../mailserver/edge/certificate.ts";
import type { EdgeLaunchOptions } from "../../mailserver/edge/options.ts";
import { launchCertificates, launchImap } from "../../mailserver/edge/imap/launch.ts";
import { launchSoftware, type SoftwareLaunchOptions } from "../../mailserver/edge/software/launch.ts";
import { launchSubmission } from "../../mailserver/edge/submission/launch.ts";
import { privateDirectory, unprivilegedAccount } from "./packages.ts";
import type { Address, RunningMailServer, RunningPart } from "./part.ts";
import { secretFile } from "./secrets.ts";

export { EdgeUnavailable } from "../../mailserver/edge/imap/private-usr.ts";

const ownName = "edge";

/** In the order in which they start. */
export const edgePartNames = ["edge-submission", "edge-imap", "edge-nginx", "edge-software"] as const;
export type EdgePartName = typeof edgePartNames[number];

/** Names of the ports of the edge; those that clients use come first. */
export const edgePortNames = [
  "edge-imap",
  "edge-imaps",
  "edge-submission",
  "edge-submissions",
  "edge-imap-certificate",
  "edge-imaps-certificate",
  "edge-applications",
  "edge-applications-tls",
  "edge-software",
  "edge-imap-ticket",
  "edge-doveadm",
  "edge-api",
] as const;

/**
 * Dovecot takes a connection from an address to itself for a safe one: the second address is how a client of this machine
 * meets the edge as the network does.
 */
export const edgeListen = ["127.0.0.1", "127.0.0.2"] as const;

export interface EdgePlace {
  /** Directory of the stack. */
  readonly directory: string;
  readonly packagesDirectory: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly operatorDomain: string;
}

/** The `MSS_EDGE_*` variables of API and worker; secrets only as paths. */
export async function edgeEnvironment({ directory, ports }: EdgePlace): Promise<Record<string, string>> {
  const secret = async (name: string) => (await secretFile(`${directory}/secrets`, name)).path;
  return {
    MSS_EDGE_LISTEN: `127.0.0.1:${ports["edge-api"]}`,
    MSS_EDGE_KEY_FILE: await secret("edge-key"),
    MSS_EDGE_DOVEADM_URL: `http://127.0.0.1:${ports["edge-doveadm"]}`,
    MSS_EDGE_DOVEADM_KEY_FILE: await secret("edge-doveadm"),
    MSS_LPS_FRONT_KEY_FILE: await secret("edge-front"),
    MSS_LPS_FRONT_URL: `https://${edgeListen[0]}:${ports["edge-software"]}`,
    MSS_EDGE_IMAP_TICKET: `127.0.0.1:${ports["edge-imap-ticket"]}`,
    // What clients are told (api/autoconfiguration): where they reach it on this machine.
    MSS_EDGE_PUBLIC_HOST: edgeListen[0],
    MSS_EDGE_PUBLIC_IMAP_PORT: String(ports["edge-imap"]),
    MSS_EDGE_PUBLIC_IMAPS_PORT: String(ports["edge-imaps"]),
    MSS_EDGE_PUBLIC_SUBMISSION_PORT: String(ports["edge-submission"]),
    MSS_EDGE_PUBLIC_SUBMISSIONS_PORT: String(ports["edge-submissions"]),
  };
}

/** What is the part's own. */
export interface EdgePart {
  readonly directory: string;
  readonly mailServer: Pick<RunningMailServer, "kind" | "edge">;
  readonly log: (line: string) => void;
  readonly progress: (sentence: string) => void;
}

/** @throws EdgeUnavailable where this machine cannot run the part; StartFailure for anything else */
export async function launchEdge(name: EdgePartName, place: EdgePlace, part: EdgePart): Promise<RunningPart> {
  const options = await edgeLaunchOptions(place, part);
  switch (name) {
    case "edge-submission":
      return await launchSubmission(options);
    case "edge-imap":
      return await launchImap(options);
    case "edge-nginx":
      return await launchCertificates(options);
    case "edge-software":
      return await launchSoftware(options);
  }
}

/** What every part of the edge is launched with; certificates are made when there are none. */
async function edgeLaunchOptions(
  place: EdgePlace,
  part: EdgePart,
): Promise<EdgeLaunchOptions & SoftwareLaunchOptions & { readonly doveadmKeyFile: string }> {
  const runAs = unprivilegedAccount();
  const hostName = `${ownName}.${place.operatorDomain}`;
  const secrets = `${place.directory}/secrets`;
  return {
    ...part,
    directory: privateDirectory(part.directory, runAs),
    packagesDirectory: place.packagesDirectory,
    listen: edgeListen,
    ports: Object.fromEntries(
      edgePortNames.map((name) => [name.slice("edge-".length), place.ports[name] ?? 0]),
    ),
    api: {
      host: "127.0.0.1",
      port: place.ports["edge-api"] ?? 0,
      keyFile: (await secretFile(secrets, "edge-key")).path,
    },
    platform: { host: "127.0.0.1", port: place.ports["web"] ?? 0 },
    frontKeyFile: (await secretFile(secrets, "edge-front")).path,
    doveadmKeyFile: (await secretFile(secrets, "edge-doveadm")).path,
    hostName,
    tls: await edgeCertificate(`${place.directory}/edge-certificate`, hostName, runAs),
    clientCertificates: await clientAuthority(place),
    operatorDomain: place.operatorDomain,
    ...(runAs === undefined ? {} : { runAs }),
  };
}

const authorities = new Map<string, Promise<ClientAuthority>>();

/** The authority of the stack's client certificates. Asked for again, it does not write its revocation list anew. */
export function clientAuthority({ directory }: Pick<EdgePlace, "directory">): Promise<ClientAuthority> {
  const path = `${directory}/edge-authority`;
  const found = authorities.get(path) ?? ensureClientAuthority(path, new Date());
  authorities.set(path, found);
  return found;
}

/** Where clients reach the edge. */
export interface EdgeAddresses {
  readonly imap: Address;
  readonly imaps: Address;
  readonly submission: Address;
  readonly submissions: Address;
  /** For applicative boxes, which sign in with a certificate of their structure. */
  readonly imapCertificate: Address;
  readonly imapsCertificate: Address;
  readonly applications: Address;
  readonly applicationsTls: Address;
  /** Tokens and JMAP of software, under the same certificates. */
  readonly software: Address;
}

export function edgeAddresses(ports: Readonly<Record<string, number>>): EdgeAddresses {
  const at = (name: typeof edgePortNames[number]) => ({ host: edgeListen[0], port: ports[name] ?? 0 });
  return {
    imap: at("edge-imap"),
    imaps: at("edge-imaps"),
    submission: at("edge-submission"),
    submissions: at("edge-submissions"),
    imapCertificate: at("edge-imap-certificate"),
    imapsCertificate: at("edge-imaps-certificate"),
    applications: at("edge-applications"),
    applicationsTls: at("edge-applications-tls"),
    software: at("edge-software"),
  };
}
