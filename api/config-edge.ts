/** Settings of the edge of standard mail clients (api/edge). Part of api/config.ts, which alone reads the environment. */
import { z } from "zod";
import { address, count, type HostAndPort, hostAndPort, http, seconds, words } from "./config-shapes.ts";

export interface EdgeConfig {
  /** The private listener that Dovecot, nginx and Exim ask. */
  readonly listen: { readonly hostname: string; readonly port: number };
  readonly key: string;
  /** Dovecot's own HTTP interface, by which open sessions are ended; null = there is no Dovecot. */
  readonly doveadm: { readonly url: string; readonly key: string } | null;
  /** Where nginx hands over software that showed a certificate; null = there is no nginx. */
  readonly imapTicket: HostAndPort | null;
  /** Longest life of what a token opened, from the moment card or phone was presented. */
  readonly tokenSessionSeconds: number;
  /** Most connections over IMAP of one person, app password or certificate to one box. */
  readonly maxConnections: number;
}

export const edgeVariables = {
  MSS_EDGE_LISTEN: address.optional().describe(
    "Private address on which Dovecot, nginx and Exim ask who may sign in; without it there is no edge",
  ),
  MSS_EDGE_KEY_FILE: z.string().optional().describe("Edge: file of the key that each of their calls carries"),
  MSS_EDGE_DOVEADM_URL: http.optional().describe(
    "Edge: HTTP interface of Dovecot, by which sessions are ended",
  ),
  MSS_EDGE_DOVEADM_KEY_FILE: z.string().optional().describe("Edge: file of that interface's key"),
  MSS_EDGE_IMAP_TICKET: address.optional().describe(
    "Edge: Dovecot's address for what nginx has let in by a certificate",
  ),
  MSS_EDGE_TOKEN_SESSION_SECONDS: seconds.max(86_400).default(14_400).describe(
    "What a mail program opened by a token of Pro Santé Connect ends so long after card or phone was presented (as a session)",
  ),
  MSS_EDGE_MAX_CONNECTIONS: count.max(10_000).default(30).describe(
    "Most connections over IMAP of one person, app password or certificate to one box: a program opens up to five (our choice)",
  ),
  MSS_APP_PASSWORD_DAYS: count.max(3650).default(365).describe(
    "Longest life of an app password (no rule says: our choice)",
  ),
  MSS_EXPIRY_REMINDER_DAYS: words.transform((days) => days.map(Number)).refine(
    (days) => days.every((one) => Number.isInteger(one) && one >= 1 && one <= 366),
    { error: "must be whole days from 1 to 366, e.g. 30,7,1" },
  ).default([30, 7, 1]).describe(
    "Days before the end of an app password or a software certificate at which a mail says so; empty: none (our choice)",
  ),
  MSS_ENDED_APP_PASSWORD_DAYS: count.max(3650).default(180).describe(
    "How long an app password that has ended is kept, so that a refusal says which one it was (our choice)",
  ),
};

const shape = z.object(edgeVariables);

/** @param faults receives what is missing beside what is there */
export function edgeConfig(
  values: z.infer<typeof shape>,
  read: (name: string) => string,
  faults: string[],
): EdgeConfig | null {
  if (values.MSS_EDGE_LISTEN === undefined) return null;
  const needed = (name: "MSS_EDGE_KEY_FILE" | "MSS_EDGE_DOVEADM_KEY_FILE") => {
    if (values[name] !== undefined) return read(name);
    faults.push(`${name}: missing or not of the right kind`);
    return "";
  };
  const { host: hostname, port } = hostAndPort(values.MSS_EDGE_LISTEN);
  return {
    listen: { hostname, port },
    key: needed("MSS_EDGE_KEY_FILE"),
    doveadm: values.MSS_EDGE_DOVEADM_URL === undefined
      ? null
      : { url: values.MSS_EDGE_DOVEADM_URL, key: needed("MSS_EDGE_DOVEADM_KEY_FILE") },
    imapTicket: values.MSS_EDGE_IMAP_TICKET === undefined ? null : hostAndPort(values.MSS_EDGE_IMAP_TICKET),
    tokenSessionSeconds: values.MSS_EDGE_TOKEN_SESSION_SECONDS,
    maxConnections: values.MSS_EDGE_MAX_CONNECTIONS,
  };
}
