/** A program in real use, of Debian's packages, told as a test on a whole platform. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { requireProgram } from "../../support/stack.ts";
import { bruno, signIn, type World } from "./imap-world.ts";

export function mbsyncComesIn(worldOf: () => World): void {
  test("mbsync fetches a box over verified TLS, and brings back what was written offline", async () => {
    const world = worldOf();
    const directory = await testDirectory("mbsync");
    onTestFinished(() => removeTestDirectory(directory));
    const { secret } = await world.appPassword("bruno-bernard", bruno, ["imap"]);
    const client = await signIn(world, bruno, { kind: "login", secret });
    const before = await client.select("INBOX");
    for (const subject of ["un", "deux", "trois"]) {
      await client.append("INBOX", `From: ${bruno}\r\nSubject: ${subject}\r\n\r\nBonjour.\r\n`);
    }
    const maildir = `${directory}/INBOX`;
    for (const name of ["cur", "new", "tmp"]) await mkdir(`${maildir}/${name}`, { recursive: true });
    await writeFile(`${maildir}/new/1.offline`, `From: ${bruno}\nSubject: quatre\n\nHors ligne.\n`);
    await writeFile(`${directory}/secret`, secret, { mode: 0o600 });
    const { imap } = world.stack.edge;
    await writeFile(
      `${directory}/mbsyncrc`,
      `IMAPAccount edge
Host ${imap.host}
Port ${imap.port}
User ${bruno}
PassCmd "cat ${directory}/secret"
AuthMechs LOGIN
SSLType STARTTLS
SystemCertificates no
CertificateFile ${world.stack.edgeCertificateFile}

IMAPStore far
Account edge

MaildirStore near
Inbox ${maildir}

Channel all
Far :far:
Near :near:
Create Both
Sync All
SyncState *
`,
    );
    const { code, stderr, stdout } = await new Deno.Command(requireProgram("mbsync"), {
      args: ["-c", `${directory}/mbsyncrc`, "all"],
      env: { HOME: directory },
    }).output();
    expect({ code, said: new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout) }).toMatchObject(
      {
        code: 0,
      },
    );
    const near = [...await readdir(`${maildir}/cur`), ...await readdir(`${maildir}/new`)];
    expect(near.length).toBe(before + 4);
    await client.select("INBOX");
    expect((await client.fetchAll()).some((raw) => raw.includes("Subject: quatre"))).toBe(true);
    await client.logout();
  });
}
