/**
 * Runs the simulated Pro Santé Connect as a process of its own, on loopback.
 *
 * Environment: SIM_PORT and SIM_CONTROL_PORT (0 or absent = any free port), SIM_PUBLIC_ORIGIN (optional), SIM_PEOPLE_FILE
 * (default: the demo people beside this file), and the clients: either the platform's own by SIM_BASE_URL (its origin),
 * SIM_CLIENT_ID and SIM_CLIENT_SECRET_FILE, or SIM_CLIENTS_FILE (JSON list of
 * { clientId, clientSecretFile, redirectUris, postLogoutRedirectUris, backChannelLogoutUri }).
 * SIM_DIRECTORY (optional): private directory in which the signing keys outlive the process.
 * Prints one line of JSON on standard output when it listens; ends on SIGTERM and SIGINT.
 */
import { z } from "zod";
import { parsePeople } from "./people.ts";
import type { SimulatedClient } from "./options.ts";
import { startSimulator } from "./server.ts";

const clientsShape = z.array(z.strictObject({
  clientId: z.string().min(1),
  clientSecretFile: z.string().min(1),
  redirectUris: z.array(z.url()).min(1),
  postLogoutRedirectUris: z.array(z.url()).default([]),
  backChannelLogoutUri: z.url().optional(),
})).min(1);

function need(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is missing`);
  return value;
}

function port(name: string): number {
  const value = Deno.env.get(name) ?? "0";
  if (!/^\d{1,5}$/.test(value)) throw new Error(`${name} must be a port number`);
  return Number(value);
}

async function readClients(): Promise<SimulatedClient[]> {
  const file = Deno.env.get("SIM_CLIENTS_FILE");
  const listed = clientsShape.parse(
    file ? JSON.parse(await Deno.readTextFile(file)) : [{
      clientId: need("SIM_CLIENT_ID"),
      clientSecretFile: need("SIM_CLIENT_SECRET_FILE"),
      redirectUris: [new URL("/auth/callback", need("SIM_BASE_URL")).href],
      postLogoutRedirectUris: [new URL("/auth/signed-out", need("SIM_BASE_URL")).href],
      backChannelLogoutUri: new URL("/auth/back-channel-logout", need("SIM_BASE_URL")).href,
    }],
  );
  return await Promise.all(listed.map(async ({ clientSecretFile, ...client }) => ({
    ...client,
    clientSecret: (await Deno.readTextFile(clientSecretFile)).trim(),
  })));
}

const peopleFile = Deno.env.get("SIM_PEOPLE_FILE") ?? new URL("demo-people.json", import.meta.url);
const directory = Deno.env.get("SIM_DIRECTORY");
const simulator = await startSimulator({
  host: "127.0.0.1",
  port: port("SIM_PORT"),
  controlPort: port("SIM_CONTROL_PORT"),
  publicOrigin: Deno.env.get("SIM_PUBLIC_ORIGIN"),
  clients: await readClients(),
  keysFile: directory ? `${directory}/keys.json` : undefined,
  people: parsePeople(JSON.parse(await Deno.readTextFile(peopleFile))),
});
console.log(JSON.stringify({
  listening: simulator.origin,
  control: simulator.controlOrigin,
  issuer: simulator.issuer,
  discoveryUrl: simulator.discoveryUrl,
}));
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.addSignalListener(signal, () => {
    simulator.close().finally(() => Deno.exit(0));
  });
}
