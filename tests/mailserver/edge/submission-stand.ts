/** The edge's submission between a scripted API and a store: a recording one, or a real mail server given by the test. */
import { makeServerCertificate } from "../../../mailserver/mta/certificate.ts";
import {
  runSubmission,
  startSubmission,
  type SubmissionLimits,
  type SubmissionOptions,
  type SubmissionStore,
} from "../../../mailserver/edge/submission/launch.ts";
import { localDirectory, privateDirectory, unprivilegedAccount } from "../../../scripts/stack/packages.ts";
import type { Address } from "../../../scripts/stack/part.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { type ScriptedEdgeApi, startScriptedEdgeApi } from "../../support/scripted-edge-api.ts";
import { SmtpClient } from "../../support/smtp-client.ts";
import { type Authorities, makeAuthorities } from "./authorities.ts";
import { type RecordingStore, startRecordingStore } from "./recording-store.ts";

export const service = "edge@operateur.mssante.test";
export const anne = "anne@alpha.mssante.test";
export const alias = "a.allard@alpha.mssante.test";
export const team = "equipe@alpha.mssante.test";
export const bruno = "bruno@beta.mssante.test";
/** As the API names a person who came with a token: with the token's session. */
export const person =
  "person:11111111-1111-4111-8111-111111111111.1763728000.1763742400.-@22222222-2222-4222-8222-222222222222";
export const password = `pass-${crypto.randomUUID()}`;
export const token = `token.${crypto.randomUUID()}`;

export interface SubmissionStand {
  readonly api: ScriptedEdgeApi;
  /** The recording store, unless the test brought a real one. */
  readonly store: RecordingStore;
  /** Its port for mail from nobody. */
  readonly bounces: RecordingStore;
  readonly persons: Address;
  readonly personsTls: Address;
  readonly applications: Address;
  readonly applicationsTls: Address;
  readonly authorities: Authorities;
  readonly directory: string;
  /** Where the files lie that it reads: keys, certificates, revocation lists. */
  readonly files: string;
  /** Everything that Exim wrote: logs and the spool's files. */
  written(): Promise<string>;
  log(): Promise<string>;
  /** Prints of one of Exim's commands on the queue. */
  queue(...args: string[]): Promise<string>;
  /** Ends it by SIGKILL, with everything it started. */
  kill(): Promise<void>;
  start(limits?: Partial<SubmissionLimits>): Promise<void>;
  /** Process id of the daemon. */
  pid(): number;
  /** STARTTLS, EHLO, AUTH PLAIN, as anne unless said otherwise. */
  signedIn(box?: string, secret?: string): Promise<SmtpClient>;
  stop(): Promise<void>;
}

export interface StandOptions {
  readonly kind?: "stalwart" | "cyrus";
  /** Opens the port of applicative boxes, with certificates of every kind. */
  readonly hasCertificates?: boolean;
  readonly limits?: Partial<SubmissionLimits>;
  readonly apiSeconds?: number;
  readonly refusalSeconds?: number;
  /** A real store, with its port for bounces. */
  readonly behind?: { readonly store: SubmissionStore; readonly bounces: Address };
}

/** Starts it with one person, anne, who may also send as the team's box. */
export async function startSubmissionStand(options: StandOptions = {}): Promise<SubmissionStand> {
  const root = await testDirectory("edge");
  const runAs = unprivilegedAccount();
  const api = await startScriptedEdgeApi();
  const kind = options.behind?.store.kind ?? options.kind ?? "stalwart";
  const store = await startRecordingStore({ requiresAuth: kind === "stalwart" });
  const bounces = await startRecordingStore({ requiresAuth: false });
  store.secret = crypto.randomUUID();
  const files = privateDirectory(`${root}/files`, runAs);
  const file = async (name: string, text: string): Promise<string> => {
    await Deno.writeTextFile(`${files}/${name}`, text);
    return `${files}/${name}`;
  };
  const authorities = options.hasCertificates === true ? await makeAuthorities() : undefined;
  const { certificate, privateKey } = await makeServerCertificate("edge.test", new Date());
  const ports = findFreePorts(["submission", "submissions", "applications", "applicationsTls"]);
  const recorded: SubmissionStore = kind === "stalwart"
    ? {
      kind,
      address: store,
      receipts: store,
      service: { login: service, secretFile: await file("service", store.secret) },
    }
    : { kind, address: store };
  const settings: SubmissionOptions = {
    directory: `${privateDirectory(`${root}/edge`, runAs)}/exim`,
    pidDirectory: privateDirectory(`${root}/pids`, undefined),
    packagesDirectory: `${localDirectory()}/packages`,
    hostName: "edge.test",
    listen: ["127.0.0.1"],
    ports,
    api: { host: api.host, port: api.port, keyFile: await file("key", api.key) },
    tls: {
      certificateFile: await file("server.crt", certificate),
      privateKeyFile: await file("server.key", privateKey),
    },
    ...(authorities === undefined ? {} : {
      clientCertificates: {
        authoritiesFile: await file("authorities.pem", authorities.trusted),
        revocationsFile: await file("revocations.pem", authorities.revocations),
      },
    }),
    store: options.behind?.store ?? recorded,
    bounces: options.behind?.bounces ?? bounces,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    apiSeconds: options.apiSeconds ?? 5,
    refusalSeconds: options.refusalSeconds ?? 0,
    queueSeconds: 1,
    ...(runAs === undefined ? {} : { runAs }),
    log: (line) => Deno.env.get("STAND_LOG") !== undefined && console.log(line),
    progress: () => undefined,
  };
  api.grants.set(password, { [anne]: { box: anne, person } });
  api.grants.set(token, { [anne]: { box: anne, person }, "": { box: anne, person } });
  api.senders.set(person, { [anne]: anne, [alias]: anne, [team]: team });
  let running = await startSubmission(settings);
  const { directory } = settings;
  const persons = { host: "127.0.0.1", port: ports.submission };
  return {
    api,
    store,
    bounces,
    persons,
    personsTls: { host: "127.0.0.1", port: ports.submissions },
    applications: { host: "127.0.0.1", port: ports.applications },
    applicationsTls: { host: "127.0.0.1", port: ports.applicationsTls },
    get authorities() {
      if (authorities === undefined) throw new Error("This stand has no certificates.");
      return authorities;
    },
    directory,
    files,
    written: async () => {
      const { stdout } = await new Deno.Command("grep", {
        args: ["-rah", "", `${directory}/log`, `${directory}/spool`],
      })
        .output();
      return new TextDecoder("latin1").decode(stdout);
    },
    log: async () => {
      const names = ["mainlog", "paniclog", "rejectlog"].map((name) => `${directory}/log/${name}`);
      return (await Promise.all(names.map((name) => Deno.readTextFile(name).catch(() => "")))).join("");
    },
    queue: (...args) => runSubmission(settings, args),
    kill: () => running.kill(),
    start: async (limits = {}) => {
      running = await startSubmission({ ...settings, limits: { ...settings.limits, ...limits } });
    },
    pid: () => running.pids.at(-1)!,
    signedIn: async (box = anne, secret = password) => {
      const client = await SmtpClient.secure(persons);
      const said = await client.say(`AUTH PLAIN ${btoa(`\0${box}\0${secret}`)}`);
      if (!said.startsWith("235")) throw new Error(said);
      return client;
    },
    stop: async () => {
      await running.stop();
      await api.close();
      await store.close();
      await bounces.close();
      await removeTestDirectory(root);
    },
  };
}

/** A short message with these header lines. */
export function letter(headers: readonly string[] = [`From: ${anne}`], body = "Bonjour."): string {
  return [...headers, "Subject: Compte rendu", "", body].join("\r\n");
}
