import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { type Call, message } from "./client.ts";
import { anne, bruno, type Stage, startStage } from "./stage.ts";

/** Bruno is the delegate of Anne's personal box. */
describe.each(mailServersAtHand())("a delegate before %s", (kind) => {
  let stage: Stage;
  let account: string;
  let inbox: string;
  let letter: string;

  beforeAll(async () => {
    stage = await startStage(kind);
    account = await stage.anne.account(anne);
    inbox = await stage.anne.folder(account, "inbox");
    letter = await stage.anne.importMessage(
      account,
      message({ From: bruno, To: anne, Subject: "x" }),
      "inbox",
    );
  });
  afterAll(async () => {
    await stage?.stop();
  });
  beforeEach(async () => await grant([]));

  type Right = "read" | "write" | "send_as" | "send_on_behalf";
  /** Replaces what Bruno has; in force at the next list of his boxes. */
  async function grant(rights: Right[], until = "null"): Promise<void> {
    await stage.sql("update app.mailbox_delegations set revoked_at = now() where revoked_at is null");
    if (rights.length > 0) {
      await stage.sql(
        `insert into app.mailbox_delegations (structure_id, mailbox_id, person_id, may_read, may_write, may_send_as,
           may_send_on_behalf, may_manage, starts_at, ends_at)
         select structure_id, id, $2, true, $3, $4, $5, false, now(), ${until} from app.mailboxes where address = $1`,
        [
          anne,
          stage.bruno.personId,
          ...["write", "send_as", "send_on_behalf"].map((one) => rights.includes(one as Right)),
        ],
      );
    }
    const wanted = rights.length === 0 ? undefined : rights.includes("write");
    const sends = rights.includes("send_as") || rights.includes("send_on_behalf");
    await untilInForce(wanted, sends, rights.includes("send_as"));
  }
  async function untilInForce(writes: boolean | undefined, sends = false, asBox = false): Promise<void> {
    await until("the rights to be in force", async () => {
      const found = (await stage.bruno.session()).accounts[account] as unknown as {
        isReadOnly: boolean;
        accountCapabilities: Record<string, { rights?: { sendAs: boolean } }>;
      };
      if (found === undefined || writes === undefined) return found === undefined && writes === undefined;
      const { accountCapabilities } = found;
      return found.isReadOnly === !writes &&
        "urn:ietf:params:jmap:submission" in accountCapabilities === sends &&
        accountCapabilities["urn:mssante:params:jmap:gateway"]!.rights!.sendAs === asBox;
    });
  }
  const errorOf = async (call: Call) => (await stage.bruno.call([call]))[0]!.slice(0, 2);
  async function send(fields: Record<string, string>) {
    const emailId = await stage.bruno.importMessage(
      account,
      message({
        To: bruno,
        Subject: "Compte rendu",
        "Message-ID": `<${crypto.randomUUID()}@alpha.mssante.test>`,
        ...fields,
      }),
    );
    const identityId = await stage.bruno.identity(account, anne);
    const [, answer] = await stage.bruno.one("EmailSubmission/set", {
      accountId: account,
      create: { s: { emailId, identityId } },
    });
    return answer.notCreated?.s?.type ?? (answer.created?.s?.id === undefined ? answer : "sent");
  }
  async function receivedFrom(sender: string): Promise<boolean> {
    const own = await stage.bruno.account(bruno);
    const answers = await stage.bruno.call([
      ["Email/query", { accountId: own }, "q"],
      ["Email/get", {
        accountId: own,
        "#ids": { resultOf: "q", name: "Email/query", path: "/ids" },
        properties: ["from", "sender"],
      }, "g"],
    ]);
    return answers[1]![1].list.some((
      one: { from: { email: string }[]; sender: { email: string }[] | null },
    ) => one.from[0]?.email === anne && one.sender?.[0]?.email === sender);
  }

  it("who may read sees the account read-only, its mail, and can change nothing in it", async () => {
    await grant(["read"]);
    const session = await stage.bruno.session();
    expect(session.accounts[account]).toMatchObject({ name: anne, isPersonal: false, isReadOnly: true });
    expect(Object.keys(session.accounts[account]!.accountCapabilities)).not.toContain(
      "urn:ietf:params:jmap:vacationresponse",
    );
    expect(session.primaryAccounts["urn:ietf:params:jmap:mail"]).toBe(await stage.bruno.account(bruno));
    const [, { list }] = await stage.bruno.one("Email/get", {
      accountId: account,
      ids: [letter],
      properties: ["id"],
    });
    expect(list).toHaveLength(1);
    const own = await stage.bruno.account(bruno);
    for (
      const [name, args] of [
        ["Email/set", { update: { [letter]: { "keywords/$seen": true } } }],
        ["Email/set", { destroy: [letter] }],
        ["Email/import", { emails: {} }],
        ["Email/copy", { fromAccountId: own, create: {} }],
        ["Mailbox/set", { create: { m: { name: "Autre" } } }],
        ["Identity/set", { update: {} }],
        ["VacationResponse/set", { update: { singleton: { isEnabled: true } } }],
        ["EmailSubmission/set", { create: { s: { emailId: letter, identityId: "i" } } }],
        ["Blob/upload", { create: {} }],
      ] as const
    ) {
      expect([name, await errorOf([name, { accountId: account, ...args }, "0"])]).toEqual([
        name,
        ["error", { type: "accountReadOnly" }],
      ]);
    }
    const upload = await stage.bruno.upload(account, "x");
    expect([upload.status, (await upload.json()).type]).toEqual([
      403,
      `${stage.baseUrl}/problems/mailbox-read-only`,
    ]);
    const [, seen] = await stage.anne.one("Email/get", {
      accountId: account,
      ids: [letter],
      properties: ["keywords", "mailboxIds"],
    });
    expect(seen.list[0]).toMatchObject({ mailboxIds: { [inbox]: true } });
    expect(seen.list[0].keywords).not.toHaveProperty("$seen");
  });

  it("who copies a mail to himself takes it from the box only if he may write there", async () => {
    await grant(["read"]);
    const own = await stage.bruno.account(bruno);
    const archive = await stage.bruno.folder(own, "archive");
    const answers = await stage.bruno.call([["Email/copy", {
      fromAccountId: account,
      accountId: own,
      create: { c: { id: letter, mailboxIds: { [archive]: true } } },
      onSuccessDestroyOriginal: true,
    }, "c"]]);
    expect(answers[0]![1].created?.c?.id).toBeTypeOf("string");
    expect(answers[1]!.slice(0, 2)).toEqual(["error", { type: "accountReadOnly" }]);
    const [, { list }] = await stage.anne.one("Email/get", {
      accountId: account,
      ids: [letter],
      properties: ["id"],
    });
    expect(list).toHaveLength(1);
  });

  it("who may write files and marks, and sends nothing", async () => {
    await grant(["read", "write"]);
    const [, marked] = await stage.bruno.one("Email/set", {
      accountId: account,
      update: { [letter]: { "keywords/$flagged": true } },
    });
    expect(marked.updated).toHaveProperty(letter);
    expect(await send({ From: anne })).toBe("forbiddenToSend");
    expect(await errorOf(["VacationResponse/set", { accountId: account, update: {} }, "0"])).toEqual([
      "error",
      { type: "forbidden" },
    ]);
  });

  it("who may send on behalf of the box is the message's Sender under his own address, or it does not leave", async () => {
    await grant(["read", "write", "send_on_behalf"]);
    expect(await send({ From: anne })).toBe("forbiddenFrom");
    expect(await send({ From: anne, Sender: anne })).toBe("forbiddenFrom");
    expect(await send({ From: bruno, Sender: bruno })).toBe("forbiddenFrom");
    expect(await send({ From: anne, Sender: bruno })).toBe("sent");
    await until("the mail from Anne, sent by Bruno", () => receivedFrom(bruno));
  });

  it("who may send as the box needs no Sender, and may not be a third", async () => {
    await grant(["read", "write", "send_as"]);
    expect(await send({ From: anne })).toBe("sent");
    expect(await send({ From: anne, Sender: bruno })).toBe("sent");
    expect(await send({ From: anne, Sender: "secretariat@alpha.mssante.test" })).toBe("forbiddenFrom");
  });

  it("ends at its date: the next call knows no such account, and the open stream is closed", async () => {
    await grant(["read"], "now() + interval '4 seconds'");
    const stream = await stage.bruno.fetch("/jmap/eventsource?types=*&closeafter=no&ping=0");
    const ended = (async () => {
      for await (const _ of stream.body!);
      return performance.now();
    })();
    const start = performance.now();
    expect((await stage.bruno.one("Mailbox/get", { accountId: account, ids: [] }))[0]).toBe("Mailbox/get");
    expect(await ended - start).toBeLessThan(9_000);
    expect(await errorOf(["Mailbox/get", { accountId: account, ids: [] }, "0"])).toEqual(["error", {
      type: "accountNotFound",
    }]);
  });
});
