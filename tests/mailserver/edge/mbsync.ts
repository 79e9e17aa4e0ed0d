/** mbsync of Debian's packages, a program in real use, told as tests on a whole platform. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { requireProgram } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { anne, doorOf, signIn, type Way, type World } from "./imap-world.ts";

interface Ran {
  readonly code: number;
  readonly said: string;
}

/** Fetches anne's INBOX into `maildir`, and brings there what is new in it. */
async function mbsync(world: World, directory: string, mechanism: string, way: Way): Promise<Ran> {
  const { host, port } = doorOf(world, way);
  const [secret, own] = way.kind === "certificate"
    ? ["", way.certificate]
    : [way.kind === "token" ? way.token : way.secret, undefined];
  const write = (name: string, text: string) => writeFile(`${directory}/${name}`, text, { mode: 0o600 });
  await write("secret", secret);
  if (own !== undefined) await write("own.crt", own.certificate);
  if (own !== undefined) await write("own.key", own.privateKey);
  await write(
    "mbsyncrc",
    `IMAPAccount edge
Host ${host}
Port ${port}
User ${anne}
PassCmd "cat ${directory}/secret"
AuthMechs ${mechanism}
SSLType STARTTLS
SystemCertificates no
CertificateFile ${world.stack.edgeCertificateFile}
${own === undefined ? "" : `ClientCertificate ${directory}/own.crt\nClientKey ${directory}/own.key\n`}
IMAPStore far
Account edge

MaildirStore near
Inbox ${directory}/INBOX

Channel all
Far :far:
Near :near:
Create Both
Sync All
SyncState *
`,
  );
  const { code, stderr, stdout } = await new Deno.Command(requireProgram("mbsync-xoauth2"), {
    args: ["-c", `${directory}/mbsyncrc`, "all"],
    env: { HOME: directory },
  }).output();
  return { code, said: new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout) };
}

/** @param worldOf asked in each test: the world is made before the first */
export function mbsyncComesIn(worldOf: () => World): void {
  const ways: Record<string, (world: World) => Promise<Way>> = {
    LOGIN: async (world) => ({ kind: "login", ...await world.appPassword("anne-allard", anne, ["imap"]) }),
    PLAIN: async (world) => ({ kind: "plain", ...await world.appPassword("anne-allard", anne, ["imap"]) }),
    // Debian has a module of Cyrus SASL for this one (libsasl2-modules-kdexoauth2) and none for OAUTHBEARER.
    XOAUTH2: async (world) => ({
      kind: "token",
      mechanism: "XOAUTH2",
      token: await world.token("anne-allard", { bytes: 2_000 }),
    }),
    EXTERNAL: async (world) => ({ kind: "certificate", certificate: (await world.certificate([anne])).own }),
  };

  test.each(Object.keys(ways))(
    "mbsync fetches a box by %s, and brings what was written offline",
    async (mechanism) => {
      const world = worldOf();
      const directory = await testDirectory("mbsync");
      onTestFinished(() => removeTestDirectory(directory));
      const way = await ways[mechanism]!(world);
      const subject = `offline-${crypto.randomUUID()}`;
      for (const name of ["cur", "new", "tmp"]) {
        await mkdir(`${directory}/INBOX/${name}`, {
          recursive: true,
        });
      }
      await writeFile(
        `${directory}/INBOX/new/1.offline`,
        `From: ${anne}\nSubject: ${subject}\n\nHors ligne.\n`,
      );
      const { secret } = await world.appPassword("anne-allard", anne, ["imap"]);
      const program = await signIn(world, anne, { kind: "plain", secret });
      await program.append("INBOX", `From: ${anne}\r\nSubject: there\r\n\r\nBonjour.\r\n`);
      expect(await mbsync(world, directory, mechanism, way)).toMatchObject({ code: 0 });
      const box = await program.mailboxOpen("INBOX");
      const near = [...await readdir(`${directory}/INBOX/cur`), ...await readdir(`${directory}/INBOX/new`)];
      expect(near.length).toBe(box.exists);
      await until(
        "it is found there",
        async () => (await program.search({ header: { subject } }) || []).length === 1,
      );
      await program.logout();
    },
  );

  // Of a refused token it learns nothing: its module leaves the error that comes first (RFC 7628 §3.2.2) without an answer.
  test("mbsync says that it was refused by LOGIN, PLAIN and EXTERNAL", async () => {
    const world = worldOf();
    const wrong: Way = { kind: "plain", secret: "wrong" };
    const { own: certificate } = await world.certificate([]);
    const attempts = { LOGIN: wrong, PLAIN: wrong, EXTERNAL: { kind: "certificate", certificate } as const };
    await Promise.all(
      Object.entries(attempts).map(async ([mechanism, way]) => {
        const directory = await testDirectory("mbsync");
        onTestFinished(() => removeTestDirectory(directory));
        const { code, said } = await mbsync(world, directory, mechanism, way);
        expect(code).not.toBe(0);
        expect(said).toContain("AUTHENTICATIONFAILED");
      }),
    );
  });
}
