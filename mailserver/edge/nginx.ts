/** nginx as the edge starts it, for what only TLS can see: a structure's client certificate. */
import { endLeftovers, type RunningPart, startProcess } from "../../scripts/stack/part.ts";
import { makePrivateDirectories, writePrivateFile } from "../mta/private-file.ts";
import { fillTemplate } from "../mta/template.ts";
import type { EdgeLaunchOptions } from "./options.ts";
import { edgePackages, edgePorts } from "./packages.ts";

export interface NginxWishes<Name extends string> {
  /** Of the edge's ports: those on which it listens. */
  readonly ports: readonly Name[];
  readonly template: URL;
  /** What of the template is its own, beside directory, certificates, authorities and revocation list. */
  readonly fields: (
    packages: string,
    listen: (port: Name, isTls: boolean) => string,
  ) => Promise<Readonly<Record<string, string | number>>>;
}

/** Starts it and waits until it serves. A new revocation list counts within seconds. @throws StartFailure */
export async function launchNginx<Name extends string>(
  options: EdgeLaunchOptions,
  wishes: NginxWishes<Name>,
): Promise<RunningPart> {
  const { directory, runAs, clientCertificates } = options;
  const packages = await edgePackages(options);
  await endLeftovers(directory);
  const ports = edgePorts(options, wishes.ports);
  await makePrivateDirectories([directory], runAs);
  const listen = (name: Name, isTls: boolean) =>
    options.listen.map((address) => `listen ${address}:${ports[name]}${isTls ? " ssl" : ""};`).join(" ");
  const configuration = `${directory}/nginx.conf`;
  // nginx reads as `runAs`, who need not be able to reach the originals.
  const authorities = `${directory}/authorities.pem`;
  const crl = `${directory}/crl.pem`;
  const copy = async () => {
    await writePrivateFile(authorities, await Deno.readTextFile(clientCertificates.authoritiesFile), runAs);
    await writePrivateFile(crl, await Deno.readTextFile(clientCertificates.crlFile), runAs);
  };
  await copy();
  await writePrivateFile(
    configuration,
    fillTemplate(await Deno.readTextFile(wishes.template), {
      DIRECTORY: directory,
      HOST_NAME: options.hostName,
      TLS_CERTIFICATE: options.tls.certificateFile,
      TLS_PRIVATE_KEY: options.tls.privateKeyFile,
      AUTHORITIES: authorities,
      CRL: crl,
      ...await wishes.fields(packages, listen),
    }),
    runAs,
  );
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  const host = options.listen[0] ?? "127.0.0.1";
  const nginx = await startProcess({
    name: "nginx",
    command: `${libraries}/ld-linux-x86-64.so.2`,
    args: [
      "--library-path",
      libraries,
      `${packages}/usr/sbin/nginx`,
      "-e",
      "stderr",
      "-p",
      directory,
      "-c",
      configuration,
    ],
    clearEnvironment: true,
    environment: { PATH: "/usr/bin:/bin" },
    workingDirectory: directory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    stopSignal: "SIGTERM",
    ready: { listening: wishes.ports.map((name) => ({ host, port: ports[name] })) },
    log: options.log,
  });
  const endWatch = watchFile(clientCertificates.crlFile, async () => {
    await copy();
    Deno.kill(nginx.pid, "SIGHUP");
    options.log("the revocation list has changed: read again");
  });
  return {
    ...nginx,
    stop: async () => {
      endWatch();
      await nginx.stop();
    },
    kill: async () => {
      endWatch();
      await nginx.kill();
    },
  };
}

const watchMilliseconds = 2000;

/** Calls `onChange` after the file was replaced; the returned function ends the watch. */
function watchFile(path: string, onChange: () => Promise<void>): () => void {
  let seen = modified(path);
  const timer = setInterval(() => {
    const now = modified(path);
    if (now === seen) return;
    seen = now;
    // It may be gone for a moment, or nginx: the next look tries again.
    void onChange().catch(() => seen = undefined);
  }, watchMilliseconds);
  return () => clearInterval(timer);
}

function modified(path: string): number | undefined {
  try {
    return Deno.statSync(path).mtime?.getTime();
  } catch {
    return undefined;
  }
}
