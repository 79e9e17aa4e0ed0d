import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { using } from "./client.ts";
import { anne, bruno, type Stage, startStage } from "./stage.ts";

describe.each(mailServersAtHand())("kill -9 of %s while messages are being sent", (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage(kind);
  });
  afterAll(async () => {
    await stage?.stop();
  });

  it("loses none and doubles none when each is repeated until it is answered", async () => {
    const account = await stage.anne.account(anne);
    const drafts = await stage.anne.folder(account, "drafts");
    const sent = await stage.anne.folder(account, "sent");
    const identityId = await stage.anne.identity(account, anne);
    const count = 40;
    const messageIds = Array.from(
      { length: count },
      (_, i) => `${i}.${crypto.randomUUID()}@alpha.mssante.test`,
    );
    const [, { created }] = await stage.anne.one("Email/set", {
      accountId: account,
      create: Object.fromEntries(messageIds.map((messageId, i) => [`m${i}`, {
        mailboxIds: { [drafts]: true },
        from: [{ email: anne }],
        to: [{ email: bruno }],
        messageId: [messageId],
        subject: `${i}`,
        bodyValues: { "1": { value: "x" } },
        textBody: [{ partId: "1", type: "text/plain" }],
      }])),
    });
    /** `true` when the message is answered as created; else why not. */
    const send = async (i: number): Promise<true | string> => {
      const response = await stage.anne.post(JSON.stringify({
        using,
        methodCalls: [["EmailSubmission/set", {
          accountId: account,
          create: { s: { emailId: created[`m${i}`].id, identityId } },
          onSuccessUpdateEmail: { "#s": { mailboxIds: { [sent]: true } } },
        }, "s"]],
      }));
      const answer = await response.json();
      if (!response.ok) return `${response.status}`;
      const [, args] = answer.methodResponses[0];
      return args.created?.s === undefined ? args.notCreated?.s.type ?? args.type : true;
    };

    const first = messageIds.map((_, i) => send(i));
    // In the midst of it: some have left the gateway, and not all are answered.
    for (;;) {
      const [row] = await stage.sql(
        "select count(*)::int as begun from app.submissions where state <> 'refused'",
      );
      if (row!["begun"] as number >= 3) break;
    }
    await stage.killMail();
    const outcomes = await Promise.all(first);
    await stage.launchMail();

    for (const [i, outcome] of outcomes.entries()) {
      if (outcome === true) continue;
      await until(`an answer to message ${i} (${outcome})`, async () => {
        const again = await send(i);
        if (again !== true) await new Promise((resolve) => setTimeout(resolve, 500));
        return again === true;
      }, 60);
    }
    const other = await stage.bruno.account(bruno);
    const arrived = async () => {
      const [, { ids }] = await stage.bruno.one("Email/query", { accountId: other, limit: 200 });
      const [, { list }] = await stage.bruno.one("Email/get", {
        accountId: other,
        ids,
        properties: ["messageId"],
      });
      return list.map((one: { messageId: string[] }) => one.messageId[0]).sort();
    };
    await until("every message", async () => new Set(await arrived()).size === count, 60);
    expect(await arrived()).toEqual([...messageIds].sort());
    // Each was filed, also those whose first answer was lost.
    const [, { list }] = await stage.anne.one("Email/get", {
      accountId: account,
      ids: messageIds.map((_, i) => created[`m${i}`].id),
      properties: ["mailboxIds"],
    });
    expect(list.every((one: { mailboxIds: object }) => Object.keys(one.mailboxIds)[0] === sent)).toBe(true);
  }, 200_000);
});
