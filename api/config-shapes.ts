/** Forms of settings, for the tables of variables. */
import { z } from "zod";

export const url = (protocols: readonly string[]) =>
  z.string().refine((text) => protocols.includes(URL.parse(text)?.protocol ?? ""), {
    error: `must be a URL (${protocols.join(", ")})`,
  });
export const http = url(["http:", "https:"]);
export const origin = http.refine((text) => URL.parse(text)?.origin === text, {
  error: "must be an origin without path, e.g. https://messagerie.example",
});
export const address = z.string().regex(/^[^\s/]+:\d{1,5}$/, "must be host:port");
export const words = z.string().transform((text) => text.split(",").map((one) => one.trim()).filter(Boolean));
export const domain = z.string().regex(/^([a-z0-9-]+\.)+[a-z0-9-]+$/, "must be a domain in lower case");
export const host = z.string().regex(
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i,
  "must be a host name, e.g. mail.operateur.example",
);
export const login = z.string().regex(
  /^[^@\s]+@[^@\s]+$/,
  "must be a login such as gateway@operateur.example",
);
export const seconds = z.coerce.number().int().min(1);
export const count = z.coerce.number().int().min(1).max(1_000_000_000);

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export function hostAndPort(text: string): HostAndPort {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}
