/** A configuration profile for Apple's devices: one mail account, without its password, which the device asks for. Pure. */
import { createHash } from "node:crypto";
import { type ClientAccess, type ClientService, listServices } from "./client-access.ts";
import { markup, type Xml } from "./xml.ts";

export interface ProfileBox {
  readonly id: string;
  readonly address: string;
  readonly displayName: string;
  readonly structureName: string;
}

export function toAppleProfile(box: ProfileBox, access: ClientAccess): string {
  const [incoming, outgoing] = [preferred(access, "imap"), preferred(access, "smtp")];
  // The same at each download: a profile installed again replaces the one before.
  const name = `fr.mssante.${access.host.split(".").toReversed().join(".")}.${box.id}`;
  const account = dictionary({
    PayloadType: "com.apple.mail.managed",
    PayloadVersion: 1,
    PayloadIdentifier: `${name}.mail`,
    PayloadUUID: uuidOf(`${name}.mail`),
    PayloadDisplayName: box.address,
    EmailAccountType: "EmailTypeIMAP",
    EmailAccountDescription: `MSSanté ${box.address}`,
    EmailAccountName: box.displayName === "" ? box.address : box.displayName,
    EmailAddress: box.address,
    ...server("Incoming", incoming, box.address),
    ...server("Outgoing", outgoing, box.address),
    OutgoingPasswordSameAsIncomingPassword: true,
    // Health data stays in this account, and out of the servers that suggest addresses.
    PreventMove: true,
    disableMailRecentsSyncing: true,
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${
    dictionary({
      PayloadType: "Configuration",
      PayloadVersion: 1,
      PayloadIdentifier: name,
      PayloadUUID: uuidOf(name),
      PayloadDisplayName: `MSSanté ${box.address}`,
      PayloadDescription: "Messagerie sécurisée de santé : réception et envoi.",
      PayloadOrganization: box.structureName,
      PayloadContent: markup`<array>${account}</array>`,
    })
  }
</plist>
`;
}

/** TLS from the first byte where it is offered: the profile has one word for both, and devices differ in what they make of it. */
function preferred(access: ClientAccess, protocol: ClientService["protocol"]): ClientService | undefined {
  const offered = listServices(access).filter((one) => one.protocol === protocol);
  return offered.find(({ security }) => security === "tls") ?? offered[0];
}

function server(way: "Incoming" | "Outgoing", service: ClientService | undefined, address: string) {
  return {
    [`${way}MailServerAuthentication`]: "EmailAuthPassword",
    [`${way}MailServerHostName`]: service?.host ?? "",
    [`${way}MailServerPortNumber`]: service?.port ?? 0,
    [`${way}MailServerUseSSL`]: true,
    [`${way}MailServerUsername`]: address,
  };
}

function dictionary(entries: Readonly<Record<string, string | number | boolean | Xml>>): Xml {
  const lines = Object.entries(entries).map(([key, value]) => markup`\n<key>${key}</key>${valueOf(value)}`);
  return markup`<dict>${lines}\n</dict>`;
}

function valueOf(value: string | number | boolean | Xml): Xml {
  if (typeof value === "string") return markup`<string>${value}</string>`;
  if (typeof value === "number") return markup`<integer>${value}</integer>`;
  if (typeof value === "boolean") return value ? markup`<true/>` : markup`<false/>`;
  return value;
}

/** A UUID (version 8) that stands for a name. */
function uuidOf(name: string): string {
  const bytes = createHash("sha256").update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
