import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { type Call, message, using } from "./client.ts";
import { anne, anneAlias, bruno, listed, secretariat, type Stage, startStage } from "./stage.ts";

describe.each(mailServersAtHand())("sending through the gateway before %s", (kind) => {
  let stage: Stage;
  let account: string, drafts: string, sent: string, identityId: string;
  let serial = 0;
  const newId = () => `${serial++}.${crypto.randomUUID()}@alpha.mssante.test`;

  beforeAll(async () => {
    stage = await startStage(kind);
    account = await stage.anne.account(anne);
    drafts = await stage.anne.folder(account, "drafts");
    sent = await stage.anne.folder(account, "sent");
    identityId = await stage.anne.identity(account, anne);
  });
  afterAll(async () => {
    await stage?.stop();
  });

  const draft = (over: Record<string, unknown> = {}) => ({
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true },
    from: [{ email: anne }],
    to: [{ email: bruno }],
    messageId: [newId()],
    subject: "Compte rendu",
    bodyValues: { "1": { value: "Bonjour" } },
    textBody: [{ partId: "1", type: "text/plain" }],
    ...over,
  });
  const submit = (emailId: string, over: Record<string, unknown> = {}): Call => ["EmailSubmission/set", {
    accountId: account,
    create: { s: { emailId, identityId, ...over } },
    onSuccessUpdateEmail: {
      "#s": { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, "keywords/$draft": null },
    },
  }, "s"];

  /** Sends a draft in one request, as the web does; the answer of EmailSubmission/set. */
  async function send(email: Record<string, unknown>, over: Record<string, unknown> = {}) {
    const answers = await stage.anne.call([
      ["Email/set", { accountId: account, create: { m: email } }, "e"],
      submit("#m", over),
    ]);
    return answers.find(([name]) => name === "EmailSubmission/set")![1];
  }
  async function sendRaw(fields: Record<string, string>, over: Record<string, unknown> = {}) {
    const emailId = await stage.anne.importMessage(account, message(fields));
    const [, answer] = (await stage.anne.call([submit(emailId, over)]))[0]!;
    return answer.notCreated?.s ?? answer.created?.s;
  }
  async function inBruno(messageId: string): Promise<number> {
    const other = await stage.bruno.account(bruno);
    const answers = await stage.bruno.call([
      [
        "Email/query",
        { accountId: other, sort: [{ property: "receivedAt", isAscending: false }], limit: 50 },
        "q",
      ],
      ["Email/get", {
        accountId: other,
        "#ids": { resultOf: "q", name: "Email/query", path: "/ids" },
        properties: ["messageId"],
      }, "g"],
    ]);
    return answers[1]![1].list.filter((one: { messageId: string[] }) => one.messageId?.[0] === messageId)
      .length;
  }

  it("takes a draft, sends it, files it, and it arrives once", async () => {
    const messageId = newId();
    const answers = await stage.anne.call([
      ["Email/set", { accountId: account, create: { m: draft({ messageId: [messageId] }) } }, "e"],
      submit("#m"),
    ]);
    expect(answers.map(([name, , id]) => `${name} ${id}`)).toEqual([
      "Email/set e",
      "EmailSubmission/set s",
      "Email/set s",
    ]);
    expect(answers[1]![1].created.s.id).toBeTypeOf("string");
    await until("the mail at Bruno's", async () => await inBruno(messageId) === 1);
    const emailId = answers[0]![1].created.m.id;
    const [, { list }] = await stage.anne.one("Email/get", {
      accountId: account,
      ids: [emailId],
      properties: ["mailboxIds"],
    });
    expect(list[0].mailboxIds).toEqual({ [sent]: true });
  });

  it.each([
    ["From", { From: bruno }],
    ["a second From", { From: `${anne}\r\nFrom: ${bruno}` }],
    ["a From among several", { From: `${anne}, ${bruno}`, Sender: anne }],
    ["a From in a group", { From: `g: ${anne}, ${bruno};` }],
    ["Sender", { From: anne, Sender: bruno }],
    ["Resent-From", { From: anne, "Resent-From": bruno }],
    ["an encoded word for an address", { From: "=?utf-8?q?bruno.bernard=40beta.mssante.test?=" }],
  ])("refuses a forged %s of an imported message", async (_, fields) => {
    const error = await sendRaw({ ...fields, To: bruno, "Message-ID": `<${newId()}>`, Subject: "x" });
    expect(error.type).toBe("forbiddenFrom");
  });

  it("refuses a forged From of a draft, while the request's other submission goes", async () => {
    const [good, forged] = [newId(), newId()];
    const answers = await stage.anne.call([
      ["Email/set", {
        accountId: account,
        create: {
          a: draft({ messageId: [good] }),
          b: draft({ messageId: [forged], from: [{ email: bruno }] }),
        },
      }, "e"],
      ["EmailSubmission/set", {
        accountId: account,
        create: { a: { emailId: "#a", identityId }, b: { emailId: "#b", identityId } },
      }, "s"],
    ]);
    const [, , callId] = answers[1]!;
    expect(callId).toBe("s");
    expect(answers[1]![1].created.a.id).toBeTypeOf("string");
    expect(answers[1]![1].notCreated.b.type).toBe("forbiddenFrom");
    await until("the good one", async () => await inBruno(good) === 1);
    expect(await inBruno(forged)).toBe(0);
  });

  it("refuses an envelope that is not the box's, and takes one with its alias", async () => {
    const rcptTo = [{ email: bruno }];
    const forged = await send(draft(), { envelope: { mailFrom: { email: bruno }, rcptTo } });
    expect(forged.notCreated.s.type).toBe("forbiddenMailFrom");
    const own = await send(draft({ from: [{ email: anneAlias }] }), {
      envelope: { mailFrom: { email: anne }, rcptTo },
    });
    expect(own.created.s.id).toBeTypeOf("string");
  });

  it("refuses recipients outside the trust space or without a mailbox, by name and reason", async () => {
    const outside = await send(draft({ to: [{ email: bruno }], bcc: [{ email: "x@gmail.test" }] }));
    expect(outside.notCreated.s).toMatchObject({
      type: "invalidRecipients",
      invalidRecipients: ["x@gmail.test"],
      "urn:mssante:reason": "not-in-trust-space",
    });
    const missing = await send(draft({ cc: [{ email: "personne@beta.mssante.test" }] }));
    expect(missing.notCreated.s).toMatchObject({
      type: "invalidRecipients",
      invalidRecipients: ["personne@beta.mssante.test"],
      "urn:mssante:reason": "no-such-mailbox",
    });
    const hidden = await send(draft(), {
      envelope: { mailFrom: { email: anne }, rcptTo: [{ email: bruno }, { email: "x@gmail.test" }] },
    });
    expect(hidden.notCreated.s.type).toBe("invalidRecipients");
  });

  it("answers a repeat of the same Message-ID as created and sends nothing again", async () => {
    const messageId = newId();
    const first = await send(draft({ messageId: [messageId] }));
    // Other bytes: Cyrus files the same bytes once only.
    const again = await send(draft({ messageId: [messageId], subject: "Compte rendu, encore" }));
    expect(again.created.s.id).toBe(first.created.s.id);
    await until("the mail at Bruno's", async () => await inBruno(messageId) >= 1);
    const marker = newId();
    await send(draft({ messageId: [marker] }));
    await until("a later mail", async () => await inBruno(marker) === 1);
    expect(await inBruno(messageId)).toBe(1);
    const rows = await stage.sql("select state, queue_id from app.submissions where message_id = $1", [
      messageId,
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0]!["state"]).toBe("accepted");
    if (kind === "stalwart") expect(rows[0]!["queue_id"]).toMatch(/^[0-9a-f]+$/);
  });

  it("lets a message that was refused be sent once it is put right", async () => {
    const messageId = newId();
    const refused = await send(draft({ messageId: [messageId], to: [{ email: "x@gmail.test" }] }));
    expect(refused.notCreated.s.type).toBe("invalidRecipients");
    const taken = await send(draft({ messageId: [messageId] }));
    expect(taken.created.s.id).toBeTypeOf("string");
  });

  it("looks a lost answer up before it sends again", async () => {
    // An attempt whose answer was lost, as kill -9 of the gateway leaves it, and one that had reached the server.
    const mailbox = await stage.sql("select structure_id, id from app.mailboxes where address = $1", [anne]);
    const lose = (messageId: string, state: string, queueId: string | null, age: string) =>
      stage.sql(
        `insert into app.submissions (structure_id, mailbox_id, message_id, state, queue_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, now(), now() - $6::interval)`,
        [mailbox[0]!["structure_id"], mailbox[0]!["id"], messageId, state, queueId, age],
      );
    const absent = newId();
    await lose(absent, "forwarded", null, "1 minute");
    expect((await send(draft({ messageId: [absent] }))).created?.s.id).toBeTypeOf("string");
    await until("the repeated mail", async () => await inBruno(absent) === 1);

    const young = newId();
    await lose(young, "forwarded", null, "1 second");
    expect((await send(draft({ messageId: [young] }))).notCreated.s.type).toBe(
      "urn:mssante:error:submission-outcome-unknown",
    );

    const accepted = newId();
    expect((await send(draft({ messageId: [accepted] }))).created.s.id).toBeTypeOf("string");
    await until("the accepted mail", async () => await inBruno(accepted) === 1);
    await stage.sql("update app.submissions set state = 'seen', answer = null where message_id = $1", [
      accepted,
    ]);
    const repeated = await send(draft({ messageId: [accepted], subject: "Compte rendu, encore" }));
    expect(repeated.created?.s.id).toBeTypeOf("string");
    expect(await inBruno(accepted)).toBe(1);
  });

  it("sends from a shared box as that box, and not with the identity of another", async () => {
    const shared = await stage.anne.account(secretariat);
    const sharedDrafts = await stage.anne.folder(shared, "drafts");
    const sharedIdentity = await stage.anne.identity(shared, secretariat);
    const messageId = newId();
    const calls = (from: string): Call[] => [
      ["Email/set", {
        accountId: shared,
        create: {
          m: draft({ mailboxIds: { [sharedDrafts]: true }, from: [{ email: from }], messageId: [messageId] }),
        },
      }, "e"],
      ["EmailSubmission/set", {
        accountId: shared,
        create: { s: { emailId: "#m", identityId: sharedIdentity } },
      }, "s"],
    ];
    expect((await stage.anne.call(calls(anne)))[1]![1].notCreated.s.type).toBe("forbiddenFrom");
    expect((await stage.anne.call(calls(secretariat)))[1]![1].created.s.id).toBeTypeOf("string");
    await until("the mail at Bruno's", async () => await inBruno(messageId) === 1);
  });

  it("takes a listed recipient of another operator", async () => {
    expect((await send(draft({ to: [{ email: listed }] }))).created.s.id).toBeTypeOf("string");
  });

  it("refuses attachments of more than 25 MiB together, in a draft and at sending", async () => {
    const half = new Uint8Array(13_107_200 + 1);
    const first = await (await stage.anne.upload(account, half)).json();
    half[0] = 1;
    const second = await (await stage.anne.upload(account, half)).json();
    const attachments = [first, second].map(({ blobId }) => ({
      blobId,
      type: "application/octet-stream",
      name: "x.bin",
    }));
    const [, set] = await stage.anne.one("Email/set", {
      accountId: account,
      create: { m: draft({ attachments }), n: draft({ attachments: attachments.slice(1) }) },
    });
    expect(set.notCreated.m.type).toBe("tooLarge");
    expect(set.created.n.id).toBeTypeOf("string");

    const boundary = "b";
    const part =
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment\r\n\r\n`;
    const raw = message(
      {
        From: anne,
        To: bruno,
        "Message-ID": `<${newId()}>`,
        "MIME-Version": "1.0",
        "Content-Type": `multipart/mixed; boundary=${boundary}`,
      },
      `${part}${("x".repeat(998) + "\r\n").repeat(26_300)}\r\n--${boundary}--`,
    );
    const emailId = await stage.anne.importMessage(account, raw);
    const [, answer] = (await stage.anne.call([submit(emailId)]))[0]!;
    expect(answer.notCreated.s.type).toBe("tooLarge");
  });

  it("lets the mail server's hook in with its secret only", async () => {
    for (const path of ["hook", "recipient"]) {
      const response = await fetch(`${stage.baseUrl}/internal/mail-server/${path}`, {
        method: "POST",
        headers: { authorization: "Bearer guess", "content-type": "application/json" },
        body: "{}",
      });
      expect(response.ok).toBe(false);
      await response.body?.cancel();
    }
  });

  it("logs no address, subject or secret", async () => {
    await stage.anne.post(JSON.stringify({ using, methodCalls: [["Core/echo", {}, "0"]] }));
    expect(stage.log.join("\n")).not.toMatch(/Compte rendu|@|Basic |Bearer /);
  });
});
