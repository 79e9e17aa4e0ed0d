/** The whole platform on Stalwart, as scripts/start has it, with a full inbox and a session: what load is put on. */
import pg from "pg";
import { createMailServer } from "../api/mail-server/mod.ts";
import { hashToken, randomToken } from "../api/identity/session-token.ts";
import { seedDemoWorld } from "../scripts/stack/demo-world.ts";
import { machineHints } from "../scripts/stack/machine-hints.ts";
import { chooseMailServer } from "../scripts/stack/mail-server-choice.ts";
import { localDirectory } from "../scripts/stack/packages.ts";
import { Platform, portNames } from "../scripts/stack/platform.ts";
import { findFreePorts } from "../scripts/stack/ports.ts";
import { databaseName, superuser } from "../scripts/stack/postgres.ts";

export const box = "anne.allard@alpha.mssante.test";

export interface World {
  readonly baseUrl: string;
  /** Stalwart's own endpoint, and the credential by which the gateway speaks as the box. */
  readonly straight: { readonly jmapUrl: string; readonly authorization: string };
  readonly cookie: string;
  readonly accountId: string;
  /** Resident memory of the API process in bytes. */
  apiMemory(): number;
  /** A port for something of one's own. */
  readonly sparePort: number;
  readonly directory: string;
  stop(): Promise<void>;
}

/** Starts everything and fills the box with `messages` mails. */
export async function startWorld(messages: number, say: (sentence: string) => void): Promise<World> {
  const choice = await chooseMailServer({ ...machineHints(), forced: "stalwart" });
  const directory = await Deno.makeTempDir({ prefix: "mssante-load-" });
  await Deno.chmod(directory, 0o711);
  const names = [...await portNames("stalwart", false), "spare"];
  const { spare, ...ports } = findFreePorts(names);
  const platform = new Platform({
    directory,
    packagesDirectory: `${localDirectory()}/packages`,
    ports,
    mail: choice,
    durable: false,
    hasEdge: false,
    restarts: false,
    reporter: { step: (_, run) => run(), say, log: () => {} },
  });
  await platform.start();
  const stop = async () => {
    await platform.stop();
    await Deno.remove(directory, { recursive: true });
  };
  try {
    await seedDemoWorld(platform);
    const cookie = await signIn(platform);
    const accountId = await accountOf(platform.baseUrl, cookie);
    await fill(platform.baseUrl, cookie, accountId, messages);
    const { apiEnvironment, addresses } = platform.mailServer.current;
    const value = (name: string) => apiEnvironment[name] ?? "";
    const mailServer = createMailServer({
      kind: "stalwart",
      jmapUrl: addresses.jmapUrl,
      gatewayLogin: value("MSS_MAIL_GATEWAY_LOGIN"),
      gatewaySecret: await Deno.readTextFile(value("MSS_MAIL_GATEWAY_SECRET_FILE")),
      provisionerLogin: value("MSS_MAIL_PROVISIONER_LOGIN"),
      provisionerSecret: await Deno.readTextFile(value("MSS_MAIL_PROVISIONER_SECRET_FILE")),
    });
    return {
      baseUrl: platform.baseUrl,
      straight: { jmapUrl: mailServer.jmapUrl, authorization: await mailServer.authorization(box) },
      cookie,
      accountId,
      apiMemory: () => residentBytes(platform.api.current.pids[0]!),
      sparePort: spare!,
      directory,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A session as the sign-in makes it; the sign-in itself is not what is measured. */
async function signIn(platform: Platform): Promise<string> {
  const { address, superuserPassword } = platform.postgres.current;
  const client = new pg.Client({
    ...address,
    user: superuser,
    password: superuserPassword,
    database: databaseName,
  });
  await client.connect();
  const token = randomToken();
  await client.query(
    `insert into app.sessions (token_hash, person_id, authenticated_at, expires_at)
     select $1, p.id, now(), now() + interval '4 hours'
       from app.people p join app.mailboxes b on b.holder_id_nat_ps = p.id_nat_ps where b.address = $2`,
    [hashToken(token), box],
  );
  await client.end();
  return `__Host-mss_session=${token}`;
}

async function accountOf(baseUrl: string, cookie: string): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const response = await fetch(`${baseUrl}/jmap/session`, { headers: { cookie } });
    const session = await response.json();
    const found = Object.entries(session.accounts ?? {}).find(([, one]) =>
      (one as { name: string }).name === box
    );
    if (found !== undefined) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("The box has no account.");
}

const words = "patient ordonnance résultat bilan consultation courrier compte rendu analyse hémoglobine suivi"
  .split(" ");

async function fill(baseUrl: string, cookie: string, accountId: string, count: number): Promise<void> {
  const call = async (methodCalls: unknown[]) => {
    const response = await fetch(`${baseUrl}/jmap/api`, {
      method: "POST",
      headers: { cookie, origin: baseUrl, "content-type": "application/json" },
      body: JSON.stringify({
        using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        methodCalls,
      }),
    });
    return (await response.json()).methodResponses;
  };
  const [[, { list }]] = await call([["Mailbox/get", { accountId, properties: ["role"] }, "0"]]);
  const inbox = list.find((folder: { role: string }) => folder.role === "inbox").id;
  const batch = 50;
  for (let first = 0; first < count; first += batch) {
    const create = Object.fromEntries(Array.from({ length: Math.min(batch, count - first) }, (_, i) => {
      const text = Array.from({ length: 80 }, (_, n) => words[(first + i * 7 + n * n) % words.length]).join(
        " ",
      );
      return [`m${i}`, {
        mailboxIds: { [inbox]: true },
        from: [{ name: "Dr Bruno BERNARD", email: "bruno.bernard@beta.mssante.test" }],
        to: [{ email: box }],
        subject: text.slice(0, 50),
        bodyValues: { "1": { value: text } },
        textBody: [{ partId: "1", type: "text/plain" }],
      }];
    }));
    await call([["Email/set", { accountId, create }, "0"]]);
  }
}

/** VmRSS of a process. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * 1024;
}
