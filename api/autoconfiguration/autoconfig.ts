/** The file that Thunderbird, K-9 and others fetch (draft-ietf-mailmaint-autoconfig, config-v1.1.xml). Pure. */
import { type ClientAccess, listServices } from "./client-access.ts";
import { markup } from "./xml.ts";

/** What the file says of our two ways in; a client takes the first that it can (the token of Pro Santé Connect, or an app password). */
const authentication = markup`
  <authentication>OAuth2</authentication>
  <authentication>password-cleartext</authentication>
`;

export function toAutoconfig(domain: string, access: ClientAccess): string {
  const servers = listServices(access).map(({ protocol, host, port, security }) => {
    const element = protocol === "imap" ? "incomingServer" : "outgoingServer";
    return markup`
      <${element} type="${protocol}">
        <hostname>${host}</hostname>
        <port>${port}</port>
        <socketType>${security === "tls" ? "SSL" : "STARTTLS"}</socketType>
        <username>%EMAILADDRESS%</username>
        ${authentication}
      </${element}>
    `;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${markup`
    <clientConfig version="1.1">
      <emailProvider id="${domain}">
        <domain>${domain}</domain>
        <displayName>MSSanté ${domain}</displayName>
        <displayShortName>MSSanté</displayShortName>${servers}
      </emailProvider>
    </clientConfig>
  `}`;
}
