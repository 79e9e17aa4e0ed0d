/** Where clients reach the platform, in the order in which they should try. Pure. */

/** Ports as clients reach them; 0 = not offered. */
export interface ClientAccess {
  readonly host: string;
  /** STARTTLS, as the interfaces of MSSanté ask (ECO.1.2.1). */
  readonly imap: number;
  /** TLS from the start (RFC 8314). */
  readonly imaps: number;
  readonly submission: number;
  readonly submissions: number;
}

export interface ClientService {
  readonly protocol: "imap" | "smtp";
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte. */
  readonly security: "starttls" | "tls";
}

/** What is offered: what MSSanté asks for before what is offered beside it. */
export function listServices(access: ClientAccess): readonly ClientService[] {
  const { host, imap, imaps, submission, submissions } = access;
  const all: readonly ClientService[] = [
    { protocol: "imap", host, port: imap, security: "starttls" },
    { protocol: "imap", host, port: imaps, security: "tls" },
    { protocol: "smtp", host, port: submission, security: "starttls" },
    { protocol: "smtp", host, port: submissions, security: "tls" },
  ];
  return all.filter(({ port }) => port !== 0);
}
