import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsStalwart } from "../../../api/mail-server/mod.ts";
import { ImapClient } from "../../support/imap.ts";
import { readInbox } from "../../support/mail-program.ts";
import { mailServersAtHand, type Stack, startStack } from "../../support/stack.ts";
import { sasl, SmtpClient } from "../../support/smtp-client.ts";
import { Client, message } from "../gateway/client.ts";
import {
  type ControlPlane,
  deliver,
  elapsedUntil,
  elapsedUntilAccepted,
  openControlPlane,
  type Structure,
} from "./platform.ts";

describe.each(mailServersAtHand())("the life of a box on %s", (mail) => {
  let stack: Stack;
  let plane: ControlPlane;
  let structure: Structure;
  let clinic: Structure;

  beforeAll(async () => {
    stack = await startStack({ mail, hasEdge: true });
    plane = await openControlPlane(stack);
    [structure, clinic] = [await plane.newStructure(), await plane.newStructure()];
  });
  afterAll(async () => {
    await plane?.close();
    await stack?.stop();
  });

  const suspension = (id: string) => `/api/v1/mailboxes/${id}/suspension`;
  const isApplied = async (id: string) => {
    const { body } = await plane.send("GET", `/api/v1/mailboxes/${id}`);
    return body.provisioning.status === "applied";
  };
  const subjects = async (address: string): Promise<string[]> => {
    const client = await plane.signIn(address);
    try {
      const raws = await readInbox(client);
      return raws.map((raw) => /^subject: (.*)$/im.exec(raw)?.[1]?.trim() ?? "");
    } finally {
      await client.logout();
    }
  };

  it("begins with the answer: mail is accepted within two seconds, and the account stands", async () => {
    const box = await plane.newMailbox(structure);
    const accepted = await elapsedUntilAccepted(stack, box.address, "premier", 2);
    const applied = await elapsedUntil(() => isApplied(box.id), 10);
    await elapsedUntil(async () => (await subjects(box.address)).includes("premier"), 15);
    console.log(
      `${mail}: accepts mail after ${Math.round(accepted)} ms, applied after ${
        Math.round(accepted + applied)
      } ms`,
    );
  });

  it("that is full says so at RCPT, to its own side and to other operators, until there is room", async () => {
    const [box, sender] = [await plane.newMailbox(structure), await plane.newMailbox(structure)];
    for (const { id } of [box, sender]) await elapsedUntil(() => isApplied(id), 10);
    const setQuota = async (quotaBytes: number) => {
      const changed = await plane.send("PATCH", `/api/v1/mailboxes/${box.id}`, { quotaBytes });
      expect(changed.status, JSON.stringify(changed.body)).toBe(200);
      await elapsedUntil(() => isApplied(box.id), 10);
    };
    const client = await SmtpClient.secure(stack.edge.submission);
    expect(await client.say(`AUTH PLAIN ${sasl.plain(sender.address, plane.secretOf(sender.address))}`))
      .toMatch(/^235/);
    const atEdge = async (size = 2000) => {
      await client.say(`MAIL FROM:<${sender.address}> SIZE=${size}`);
      const said = await client.say(`RCPT TO:<${box.address}>`);
      await client.say("RSET");
      return said;
    };
    await setQuota(10 * 1_048_576);
    const filling = `From: ${sender.address}\r\nSubject: plein\r\n\r\n${
      "x".repeat(76).concat("\r\n").repeat(20_000)
    }`;
    expect(await client.mail(sender.address, [box.address], filling)).toMatch(/^250/);
    await elapsedUntil(async () => (await subjects(box.address)).includes("plein"), 15);
    // There is room for a small mail, and none for a large one, where it says its size.
    expect(await atEdge()).toMatch(/^250/);
    expect(await atEdge(9 * 1_048_576)).toMatch(/^552 5\.2\.2/);
    await setQuota(1_048_576);
    expect(await atEdge()).toMatch(/^552 5\.2\.2/);
    expect(await deliver(stack, box.address, "refuse")).toBe(452);
    expect(await deliver(stack, `nobody@${structure.domain}`, "refuse")).toBe(550);
    // When nobody can say it is taken, and waits for room.
    await stack.part("api").stop();
    try {
      if (mail === "stalwart") expect(await deliver(stack, box.address, "attend")).toBe(250);
    } finally {
      await stack.part("api").start();
    }
    await setQuota(10 * 1_048_576);
    expect(await atEdge()).toMatch(/^250/);
    expect(await deliver(stack, box.address, "place")).toBe(250);
    await elapsedUntil(async () => (await subjects(box.address)).includes("place"), 15);
    client.close();
  });

  it("stops within five seconds of its suspension: sign-in and delivery; the mail is kept", async () => {
    const box = await plane.newMailbox(structure);
    await elapsedUntil(() => isApplied(box.id), 10);
    expect(await deliver(stack, box.address, "garde")).toBe(250);
    await elapsedUntil(async () => (await subjects(box.address)).includes("garde"), 15);
    expect((await plane.send("POST", suspension(box.id), { reason: "Départ" })).status).toBe(200);
    const start = performance.now();
    await elapsedUntil(async () => await deliver(stack, box.address, "refuse") >= 400, 5);
    await elapsedUntil(async () => !await plane.maySignIn(box.address), 5);
    const inForce = performance.now() - start;
    expect(inForce).toBeLessThan(5_000);
    console.log(`${mail}: a suspension is in force after ${Math.round(inForce)} ms`);
    await elapsedUntil(() => isApplied(box.id), 10);
    expect((await plane.send("DELETE", suspension(box.id))).status).toBe(200);
    await elapsedUntil(() => plane.maySignIn(box.address), 10);
    expect(await subjects(box.address)).toEqual(["garde"]);
    await elapsedUntilAccepted(stack, box.address, "repris", 5);
  });

  it("ends its open IMAP sessions when suspended", async () => {
    const box = await plane.newMailbox(structure);
    await elapsedUntil(() => isApplied(box.id), 10);
    const open = await plane.signIn(box.address);
    expect((await plane.send("POST", suspension(box.id), { reason: "Départ" })).status).toBe(200);
    await elapsedUntil(() => Promise.resolve(open.isClosed), 5);
  });

  it("opens to an app password of its own until that is revoked", async () => {
    const box = await plane.newMailbox(structure);
    const path = `/api/v1/mailboxes/${box.id}/app-passwords`;
    await elapsedUntil(() => isApplied(box.id), 10);
    const made = await plane.send("POST", path, { device: "Thunderbird", scopes: ["imap"] });
    expect(made.status).toBe(201);
    const open = await plane.signIn(box.address, made.body.password);
    expect((await plane.send("DELETE", `${path}/${made.body.id}`)).status).toBe(204);
    await elapsedUntil(() => Promise.resolve(open.isClosed), 5);
    expect(await plane.maySignIn(box.address, made.body.password)).toBe(false);
    expect(await plane.maySignIn(box.address)).toBe(true);
  });

  it("follows its structure's suspension", async () => {
    const own = await plane.newStructure();
    const box = await plane.newMailbox(own);
    await elapsedUntil(() => isApplied(box.id), 10);
    expect(await plane.maySignIn(box.address)).toBe(true);
    await plane.send("POST", `/api/v1/structures/${own.structureId}/suspension`, { reason: "Impayé" });
    await elapsedUntil(async () => !await plane.maySignIn(box.address), 5);
    await elapsedUntil(async () => await deliver(stack, box.address, "refuse") >= 400, 5);
    expect((await plane.send("DELETE", `/api/v1/structures/${own.structureId}/suspension`)).status).toBe(200);
    await elapsedUntil(() => plane.maySignIn(box.address), 10);
  });

  const secondLock =
    "is shut at the mail server even to the edge while itself, its domain or its structure is suspended";
  it.skipIf(mail === "cyrus")(
    mail === "cyrus" ? `${secondLock} (${needsStalwart("refusal-by-the-server")})` : secondLock,
    async () => {
      const own = await plane.newStructure();
      const box = await plane.newMailbox(own);
      await elapsedUntil(() => isApplied(box.id), 10);
      const { imap, login, secretFile } = stack.upstream;
      const secret = (await readFile(secretFile, "utf8")).trim();
      const opens = () =>
        ImapClient.signIn(imap, `${box.address}%${login}`, secret).then((client) => client.logout()).then(
          () => true,
          () => false,
        );
      const { rows: [domain] } = await plane.database.query("select id from app.domains where name = $1", [
        own.domain,
      ]);
      const structurePath = `/api/v1/structures/${own.structureId}`;
      for (
        const path of [
          suspension(box.id),
          `${structurePath}/domains/${domain.id}/suspension`,
          `${structurePath}/suspension`,
        ]
      ) {
        await elapsedUntil(opens, 10);
        expect((await plane.send("POST", path, { reason: "Essai" })).status, path).toBe(200);
        await elapsedUntil(async () => !await opens(), 5);
        expect((await plane.send("DELETE", path)).status, path).toBe(200);
      }
      await elapsedUntil(opens, 10);
      const { body } = await plane.send("POST", `/api/v1/mailboxes/${box.id}/closing`, {
        reason: "Départ",
        confirmAddress: box.address,
      });
      expect(body.status).toBe("closing");
      await elapsedUntil(async () => !await opens(), 5);
    },
  );

  it("ends in the state asked for last, however fast it is changed", async () => {
    const box = await plane.newMailbox(structure);
    for (let turn = 0; turn < 10; turn++) {
      await plane.send("POST", suspension(box.id), { reason: "Essai" });
      await plane.send("DELETE", suspension(box.id));
    }
    await elapsedUntil(() => isApplied(box.id), 10);
    const { rows } = await plane.database.query(
      "select version, applied_version from app.mailboxes where id = $1",
      [box.id],
    );
    expect(rows).toEqual([{ version: "21", applied_version: "21" }]);
    await elapsedUntil(() => plane.maySignIn(box.address), 10);
    await elapsedUntilAccepted(stack, box.address, "encore", 5);
  });

  it("waits while the mail server is down and comes back by itself, also across a kill -9 of the worker", async () => {
    await stack.part("mail-server").kill();
    const boxes = await Promise.all(Array.from({ length: 5 }, () => plane.newMailbox(structure)));
    await elapsedUntil(async () => {
      const { body } = await plane.send("GET", `/api/v1/mailboxes/${boxes[0]?.id}`);
      return body.provisioning.reason === "mail-server-unavailable";
    }, 20);
    await stack.part("worker").kill();
    await stack.part("mail-server").start();
    await stack.part("worker").start();
    for (const box of boxes) await elapsedUntil(() => isApplied(box.id), 30);
    for (const box of boxes) expect(await deliver(stack, box.address, "apres")).toBe(250);
    await elapsedUntil(async () => {
      const { rows } = await plane.database.query(
        "select count(*)::int as count from graphile_worker.jobs where key like 'mailbox:%'",
      );
      return rows[0].count === 0;
    }, 20);
  });

  const subjectsIn = async (client: Client, address: string): Promise<string[]> => {
    const accountId = await client.account(address).catch(() => undefined);
    if (accountId === undefined) return [];
    const answers = await client.call([
      ["Email/query", { accountId }, "q"],
      ["Email/get", {
        accountId,
        "#ids": { resultOf: "q", name: "Email/query", path: "/ids" },
        properties: ["subject"],
      }, "g"],
    ]);
    return answers[1]![1].list.map((one: { subject: string }) => one.subject).sort();
  };
  const opens = async (client: Client, address: string) =>
    await client.account(address).then(() => true, () => false);

  it("is created, used, delegated, suspended, moved to another structure with its mail, closed and reopened, and ends", async () => {
    // Created, used.
    const holder = await plane.newPerson();
    const box = await plane.newMailbox(structure, { type: "PER", holderIdNatPs: holder.idNatPs });
    await elapsedUntil(() => isApplied(box.id), 10);
    const alias = `alias.${box.address}`;
    expect((await plane.send("POST", `/api/v1/mailboxes/${box.id}/aliases`, { address: alias })).status).toBe(
      201,
    );
    await elapsedUntilAccepted(stack, box.address, "premier", 5);
    await elapsedUntilAccepted(stack, alias, "par un alias", 5);
    await elapsedUntil(async () => (await subjectsIn(holder.client, box.address)).length === 2, 15);

    // Delegated: the delegate reads and changes nothing.
    const delegate = await plane.newPerson();
    const given = await plane.send("POST", `/api/v1/mailboxes/${box.id}/delegations`, {
      person: { idNatPs: delegate.idNatPs },
      rights: ["read"],
    });
    expect(given.status).toBe(201);
    await elapsedUntil(async () => (await subjectsIn(delegate.client, box.address)).length === 2, 5);
    const accountId = await delegate.client.account(box.address);
    const [, refused] = await delegate.client.one("Mailbox/set", {
      accountId,
      create: { m: { name: "Autre" } },
    });
    expect(refused.type).toBe("accountReadOnly");

    // Suspended: delivery, sign-in and the delegate are refused, the mail is kept.
    const suspension = `/api/v1/mailboxes/${box.id}/suspension`;
    expect((await plane.send("POST", suspension, { reason: "Enquête" })).status).toBe(200);
    await elapsedUntil(async () => await deliver(stack, box.address, "refuse") >= 400, 5);
    await elapsedUntil(async () => !await plane.maySignIn(box.address), 5);
    await elapsedUntil(async () => !await opens(delegate.client, box.address), 5);
    expect(await opens(holder.client, box.address)).toBe(false);
    await elapsedUntil(() => isApplied(box.id), 10);
    expect((await plane.send("DELETE", suspension)).status).toBe(200);
    await elapsedUntil(async () => (await subjectsIn(holder.client, box.address)).length === 2, 10);

    // Moved: the same mail under a new address; nothing reaches the old one any more.
    const address = `${box.address.split("@")[0]}@${clinic.domain}`;
    const moved = await plane.send("POST", `/api/v1/mailboxes/${box.id}/move`, {
      structureId: clinic.structureId,
      address,
      reason: "Fusion",
    });
    expect(moved.status).toBe(201);
    const start = performance.now();
    await elapsedUntilAccepted(stack, address, "apres le depart", 10);
    console.log(`${mail}: a moved box receives after ${Math.round(performance.now() - start)} ms`);
    await elapsedUntil(() => isApplied(moved.body.id), 10);
    await elapsedUntil(async () => (await subjectsIn(holder.client, address)).length === 3, 15);
    expect(await subjectsIn(holder.client, address)).toEqual(["apres le depart", "par un alias", "premier"]);
    for (const old of [box.address, alias]) {
      expect(await deliver(stack, old, "refuse")).toBeGreaterThanOrEqual(500);
    }
    expect(await opens(holder.client, box.address)).toBe(false);
    expect(await opens(delegate.client, address)).toBe(false);
    expect((await plane.send("GET", `/api/v1/mailboxes/${box.id}`)).body).toMatchObject({
      status: "closed",
      movedTo: address,
    });
    await elapsedUntil(() => isApplied(box.id), 10);
    // He writes from his new address, and no longer from the old one.
    expect(await sendFrom(holder.client, address, address)).toBe("sent");
    expect(await sendFrom(holder.client, address, box.address)).toBe("forbiddenFrom");

    // Closed, and opened again while the mail is kept.
    const closing = `/api/v1/mailboxes/${moved.body.id}/closing`;
    expect((await plane.send("POST", closing, { reason: "Départ", confirmAddress: address })).body.status)
      .toBe("closing");
    await elapsedUntil(async () => await deliver(stack, address, "refuse") >= 400, 5);
    await elapsedUntil(async () => !await opens(holder.client, address), 5);
    await elapsedUntil(() => isApplied(moved.body.id), 10);
    expect((await plane.send("DELETE", closing)).body.status).toBe("active");
    await elapsedUntil(async () => (await subjectsIn(holder.client, address)).length >= 3, 10);

    // Closed for good: its mail is destroyed, its address never given again.
    await plane.send("POST", closing, { reason: "Départ", confirmAddress: address });
    await plane.database.query("update app.mailboxes set purge_at = now() where id = $1", [moved.body.id]);
    await plane.database.query("select jobs.enqueue('purge-mailboxes', '{}'::json, 'purge-now', null)");
    await elapsedUntil(async () => {
      const { status, provisioning } = (await plane.send("GET", `/api/v1/mailboxes/${moved.body.id}`)).body;
      return status === "closed" && provisioning.status === "applied";
    }, 15);
    const again = await plane.send("POST", `/api/v1/structures/${clinic.structureId}/mailboxes`, {
      address,
      type: "ORG",
    });
    expect(again.status).toBe(409);
    expect(await deliver(stack, address, "refuse")).toBeGreaterThanOrEqual(500);
  });

  it("keeps its mail when the worker is killed in the middle of its move", async () => {
    const box = await plane.newMailbox(structure);
    await elapsedUntil(() => isApplied(box.id), 10);
    await elapsedUntilAccepted(stack, box.address, "garde", 5);
    await plane.useClient(box.id);
    // What an MTA has accepted and still holds when the address ends goes back to its sender.
    await elapsedUntil(async () => (await subjects(box.address)).length === 1, 15);
    const address = `${box.address.split("@")[0]}@${clinic.domain}`;
    const moved = await plane.send("POST", `/api/v1/mailboxes/${box.id}/move`, {
      structureId: clinic.structureId,
      address,
      reason: "Fusion",
    });
    await stack.part("worker").kill();
    expect(await deliver(stack, box.address, "refuse")).toBeGreaterThanOrEqual(400);
    await stack.part("worker").start();
    await elapsedUntil(() => isApplied(moved.body.id), 30);
    await elapsedUntilAccepted(stack, address, "arrive", 5);
    await plane.useClient(moved.body.id);
    await elapsedUntil(async () => {
      const found = await subjects(address);
      return found.length === 2 && found.some((subject) => /^garde/.test(subject));
    }, 15);
  });

  async function sendFrom(client: Client, address: string, from: string): Promise<string> {
    const accountId = await client.account(address);
    const emailId = await client.importMessage(
      accountId,
      message({
        From: from,
        To: address,
        Subject: "moi",
        "Message-ID": `<${crypto.randomUUID()}@x.mssante.test>`,
      }),
    );
    const identityId = await client.identity(accountId, address);
    const [, answer] = await client.one("EmailSubmission/set", {
      accountId,
      create: { s: { emailId, identityId } },
    });
    return answer.notCreated?.s?.type ??
      (answer.created?.s?.id === undefined ? JSON.stringify(answer) : "sent");
  }
});
