/** The records that a domain publishes so that mail clients find the platform by themselves (RFC 6186, RFC 8314 §5.1). Pure. */
import type { ClientAccess } from "./client-access.ts";

export interface DnsRecord {
  /** What it is for. */
  readonly purpose:
    | "imap"
    | "imaps"
    | "submission"
    | "submissions"
    | "no-pop"
    | "autoconfig"
    | "autodiscover";
  readonly type: "SRV" | "CNAME";
  /** Absolute, without the dot at the end. */
  readonly name: string;
  /** As it stands in a zone file. */
  readonly value: string;
}

/** @param web the platform's own pages, which answer autoconfig and autodiscover */
export function listDnsRecords(domain: string, access: ClientAccess, web: URL): readonly DnsRecord[] {
  const webHost = web.hostname;
  const services = [
    ["imap", access.imap],
    ["imaps", access.imaps],
    ["submission", access.submission],
    ["submissions", access.submissions],
  ] as const;
  const service = (name: string, port: number, host: string, type: DnsRecord["purpose"]): DnsRecord => ({
    purpose: type,
    type: "SRV",
    name: `_${name}._tcp.${domain}`,
    value: `0 1 ${port} ${host}.`,
  });
  return [
    ...services.filter(([, port]) => port !== 0).map(([name, port]) =>
      service(name, port, access.host, name)
    ),
    // « . »: there is none, and no client need try (RFC 6186 §3.4).
    ...["pop3", "pop3s"].map((name): DnsRecord => ({
      purpose: "no-pop",
      type: "SRV",
      name: `_${name}._tcp.${domain}`,
      value: "0 0 0 .",
    })),
    { purpose: "autoconfig", type: "CNAME", name: `autoconfig.${domain}`, value: `${webHost}.` },
    { purpose: "autodiscover", type: "CNAME", name: `autodiscover.${domain}`, value: `${webHost}.` },
    service("autodiscover", web.port === "" ? 443 : Number(web.port), webHost, "autodiscover"),
  ];
}
