/** Outlook's autodiscover in its form of plain XML ([MS-OXDSCLI]). Pure. */
import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
import { type ClientAccess, type ClientService, listServices } from "./client-access.ts";
import { markup } from "./xml.ts";

const answerSchema = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

/** The address that is asked about; undefined when the request is not one of that form. */
export function readAutodiscover(text: string): string | undefined {
  // A request needs no document type: one that has it brings entities.
  if (/<!doctype/i.test(text)) return undefined;
  try {
    const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, "text/xml");
    const [element, ...others] = Array.from(document.getElementsByTagNameNS("*", "EMailAddress"));
    return others.length === 0 ? element?.textContent?.trim() || undefined : undefined;
  } catch {
    return undefined; // Not XML: whatever the parser found wrong is the sender's.
  }
}

/** @param address as the client gave it: what it will sign in as */
export function toAutodiscover(address: string, access: ClientAccess): string {
  const protocols = listServices(access).map((service) =>
    markup`
      <Protocol>
        <Type>${service.protocol.toUpperCase()}</Type>
        <Server>${service.host}</Server>
        <Port>${service.port}</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>${address}</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>${encryptionOf(service)}</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
    `
  );
  return `<?xml version="1.0" encoding="utf-8"?>\n${markup`
    <Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
      <Response xmlns="${answerSchema}">
        <Account>
          <AccountType>email</AccountType>
          <Action>settings</Action>${protocols}
        </Account>
      </Response>
    </Autodiscover>
  `}`;
}

/** `TLS` is STARTTLS there, `SSL` is TLS from the start. */
function encryptionOf({ security }: ClientService): string {
  return security === "tls" ? "SSL" : "TLS";
}
