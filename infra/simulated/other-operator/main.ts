/**
 * A simulated other operator of the trust space: a strict SMTP server that can misbehave, with a control port (control.ts).
 * It stands where the border will stand, until there is one: no certificate of a peer is asked for.
 *
 * Environment: SIM_PORT and SIM_SMTP_PORT (0 = any), SIM_DIRECTORY (private; messages stay there), SIM_RELAY (host:port of the
 * platform's relay listener, for POST /send), SIM_DOMAINS and SIM_BOXES (comma lists). When ready it prints one line
 * {"listening", "control", "smtp"}; SIGTERM ends it.
 */
import type { AddressInfo } from "node:net";
import { makeServerCertificate } from "../../../mailserver/mta/certificate.ts";
import { Mood } from "./behaviour.ts";
import { control } from "./control.ts";
import { sendToPlatform } from "./send.ts";
import { makeSmtpServer } from "./smtp.ts";
import { MessageStore } from "./store.ts";

const host = "127.0.0.1";
const domains = list("SIM_DOMAINS", "gamma.mssante.test");
const [mainDomain = ""] = domains;
const boxes = new Set(
  list("SIM_BOXES", `gabriel.garnier@${mainDomain},laboratoire@${mainDomain},gaelle.girard@${mainDomain}`),
);
const hostName = `mss.${mainDomain}`;

const store = await MessageStore.open(`${required("SIM_DIRECTORY")}/messages`);
const mood = new Mood();
const smtp = makeSmtpServer({
  hostName,
  domains,
  boxes,
  tls: await makeServerCertificate(hostName, new Date()),
  mood,
  store,
  log: (line) => console.log(line),
});
const smtpPort = await new Promise<number>((resolve, reject) => {
  smtp.server.once("error", reject);
  const server = smtp.listen(Number(required("SIM_SMTP_PORT")), host, () => {
    resolve((server.address() as AddressInfo).port);
  });
});

const relay = /^(.+):(\d+)$/.exec(Deno.env.get("SIM_RELAY") ?? "");
const send = relay === null
  ? undefined
  : (request: Parameters<typeof sendToPlatform>[2]) =>
    sendToPlatform({ host: relay[1] ?? host, port: Number(relay[2]) }, hostName, request);
const http = Deno.serve(
  { hostname: host, port: Number(required("SIM_PORT")), onListen: () => undefined },
  (request) => control({ mood, store, boxes, send }, request),
);
const origin = `http://${host}:${http.addr.port}`;
console.log(JSON.stringify({ listening: origin, control: origin, smtp: `${host}:${smtpPort}` }));
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));

function required(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

function list(name: string, otherwise: string): string[] {
  return (Deno.env.get(name) ?? otherwise).split(",").map((each) => each.trim().toLowerCase()).filter((
    each,
  ) => each !== "");
}
