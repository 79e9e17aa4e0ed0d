/**
 * Runs the simulated Pro Santé Connect as a process of its own.
 *
 * Environment: SIM_LISTEN (127.0.0.1:8490), SIM_CONTROL_LISTEN (port 0 = any), SIM_PUBLIC_ORIGIN (optional),
 * SIM_PEOPLE_FILE (default: the demo people beside this file), and the clients either by SIM_CLIENTS_FILE (JSON list of
 * { clientId, clientSecretFile, redirectUris, postLogoutRedirectUris }) or one by SIM_CLIENT_ID, SIM_CLIENT_SECRET_FILE,
 * SIM_REDIRECT_URIS and SIM_POST_LOGOUT_REDIRECT_URIS (separated by spaces).
 * Prints one line of JSON on standard output when it listens; ends on SIGTERM and SIGINT.
 */
import { z } from "zod";
import { parsePeople } from "./people.ts";
import type { SimulatedClient } from "./provider.ts";
import { startSimulator } from "./server.ts";

const clientsShape = z.array(z.strictObject({
  clientId: z.string().min(1),
  clientSecretFile: z.string().min(1),
  redirectUris: z.array(z.url()).min(1),
  postLogoutRedirectUris: z.array(z.url()).default([]),
})).min(1);

function need(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is missing`);
  return value;
}

function address(name: string, fallback: string): { host: string; port: number } {
  const match = /^([^:]+):(\d{1,5})$/.exec(Deno.env.get(name) ?? fallback);
  if (!match?.[1]) throw new Error(`${name} must be host:port`);
  return { host: match[1], port: Number(match[2]) };
}

function words(name: string): string[] {
  return (Deno.env.get(name) ?? "").split(/\s+/).filter(Boolean);
}

async function readClients(): Promise<SimulatedClient[]> {
  const file = Deno.env.get("SIM_CLIENTS_FILE");
  const listed = clientsShape.parse(
    file ? JSON.parse(await Deno.readTextFile(file)) : [{
      clientId: need("SIM_CLIENT_ID"),
      clientSecretFile: need("SIM_CLIENT_SECRET_FILE"),
      redirectUris: words("SIM_REDIRECT_URIS"),
      postLogoutRedirectUris: words("SIM_POST_LOGOUT_REDIRECT_URIS"),
    }],
  );
  return await Promise.all(listed.map(async ({ clientSecretFile, ...client }) => ({
    ...client,
    clientSecret: (await Deno.readTextFile(clientSecretFile)).trim(),
  })));
}

const peopleFile = Deno.env.get("SIM_PEOPLE_FILE") ?? new URL("demo-people.json", import.meta.url);
const { host, port } = address("SIM_LISTEN", "127.0.0.1:8490");
const simulator = await startSimulator({
  host,
  port,
  controlPort: address("SIM_CONTROL_LISTEN", "127.0.0.1:0").port,
  publicOrigin: Deno.env.get("SIM_PUBLIC_ORIGIN"),
  clients: await readClients(),
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
