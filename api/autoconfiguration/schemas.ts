import { z } from "../http/openapi.ts";

const service = z.object({
  protocol: z.enum(["imap", "smtp"]),
  host: z.string(),
  port: z.int(),
  security: z.enum(["starttls", "tls"]).openapi({ description: "`tls`: from the first byte" }),
});

export const clientSettingsBody = z.object({
  services: z.array(service).openapi({ description: "In the order in which a client should try" }),
}).openapi("ClientSettings");

export const dnsRecordList = z.object({
  items: z.array(z.object({
    purpose: z.enum(["imap", "imaps", "submission", "submissions", "no-pop", "autoconfig", "autodiscover"]),
    type: z.enum(["SRV", "CNAME"]),
    name: z.string(),
    value: z.string().openapi({ description: "As it stands in a zone file" }),
  })),
}).openapi("DnsRecordList");
