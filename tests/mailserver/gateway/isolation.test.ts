import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { methods } from "../../../api/jmap-gateway/methods.ts";
import { mailServersAtHand } from "../../support/stack.ts";
import { using } from "./client.ts";
import { anne, anneAlias, bruno, secretariat, type Stage, startStage } from "./stage.ts";

describe.each(mailServersAtHand())("the gateway before %s keeps boxes apart", (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage(kind);
  });
  afterAll(async () => {
    await stage?.stop();
  });

  it("lists exactly the person's boxes, with absolute URLs of the platform and honest limits", async () => {
    const session = await stage.anne.session();
    expect(Object.values(session.accounts).map((account) => account.name)).toEqual([anne, secretariat]);
    for (const name of ["apiUrl", "uploadUrl", "downloadUrl", "eventSourceUrl"]) {
      expect(session[name]).toMatch(new RegExp(`^${stage.baseUrl}/jmap/`));
    }
    const core = session.capabilities["urn:ietf:params:jmap:core"]!;
    expect(core["maxSizeRequest"]).toBeLessThanOrEqual(10_000_000);
    expect(core["maxSizeUpload"]).toBeGreaterThanOrEqual(26_214_400);
    expect(session.capabilities["urn:mssante:params:jmap:gateway"]).toEqual({
      maxAttachmentsBytesPerMessage: 26_214_400,
      mailServer: kind,
    });
    const [accountId] = Object.keys(session.accounts);
    expect(session.accounts[accountId!]!.accountCapabilities["urn:mssante:params:jmap:gateway"])
      .toMatchObject({
        address: anne,
        type: "PER",
        structureName: "Cabinet médical Alpha",
      });
    expect(session.primaryAccounts["urn:ietf:params:jmap:mail"]).toBe(accountId);
    expect(Object.keys(session.capabilities)).not.toContain("urn:stalwart:jmap");
    expect(JSON.stringify(session)).not.toMatch(/principals|sieve|share/);
  });

  it("answers every method with another's account id byte for byte as with an id that does not exist", async () => {
    const foreign = await stage.bruno.account(bruno);
    const own = await stage.anne.account(anne);
    const missing = kind === "cyrus" ? "nobody@beta.mssante.test" : "zzzz";
    for (const [name, method] of methods) {
      if (method.accounts === 0) continue;
      const ask = async (accountId: string, argument: string) => {
        const others = method.accounts === 2 ? { fromAccountId: own, accountId: own } : {};
        const args = { ...others, [argument]: accountId, ids: [], create: {}, blobIds: [], emails: {} };
        const response = await stage.anne.post(JSON.stringify({ using, methodCalls: [[name, args, "0"]] }));
        return `${response.status} ${await response.text()}`;
      };
      for (const argument of method.accounts === 2 ? ["accountId", "fromAccountId"] : ["accountId"]) {
        const answer = await ask(foreign, argument);
        expect(answer, name).toBe(await ask(missing, argument));
        expect(answer, name).toContain(
          argument === "accountId" ? '"accountNotFound"' : '"fromAccountNotFound"',
        );
      }
    }
  });

  it("answers a foreign account while the request's other calls go on, in order", async () => {
    const own = await stage.anne.account(anne);
    const foreign = await stage.bruno.account(bruno);
    const answers = await stage.anne.call([
      ["Mailbox/get", { accountId: own, ids: [] }, "a"],
      ["Mailbox/get", { accountId: foreign, ids: [] }, "b"],
      ["x:Account/get", { ids: null }, "c"],
      ["Core/echo", { hello: true }, "d"],
      ["Mailbox/get", { accountId: own, ids: [] }, "a"],
    ]);
    expect(answers.map(([name, , id]) => `${name} ${id}`)).toEqual([
      "Mailbox/get a",
      "error b",
      "error c",
      "Core/echo d",
      "Mailbox/get a",
    ]);
    expect(answers[1]![1]).toEqual({ type: "accountNotFound" });
    expect(answers[2]![1]).toEqual({ type: "unknownMethod" });
  });

  it("looks through references: an account id or a share taken from Core/echo is judged like a plain one", async () => {
    const own = await stage.anne.account(anne);
    const foreign = await stage.bruno.account(bruno);
    const inbox = await stage.anne.folder(own, "inbox");
    const answers = await stage.anne.call([
      ["Core/echo", {
        id: foreign,
        own,
        update: { [inbox]: { shareWith: { [foreign]: { mayReadItems: true } } } },
      }, "e"],
      ["Mailbox/get", { "#accountId": { resultOf: "e", name: "Core/echo", path: "/id" } }, "1"],
      ["Mailbox/get", { "#accountId": { resultOf: "e", name: "Core/echo", path: "/own" }, ids: [] }, "2"],
      [
        "Mailbox/set",
        { accountId: own, "#update": { resultOf: "e", name: "Core/echo", path: "/update" } },
        "3",
      ],
    ]);
    expect(answers[1]).toEqual(["error", { type: "accountNotFound" }, "1"]);
    expect(answers[2]![0]).toBe("Mailbox/get");
    expect(answers[3]![1].notUpdated[inbox].type).toBe("forbidden");
  });

  it("refuses sharing for that folder alone", async () => {
    const own = await stage.anne.account(anne);
    const inbox = await stage.anne.folder(own, "inbox");
    const [name, set] = await stage.anne.one("Mailbox/set", {
      accountId: own,
      create: {
        a: { name: "Ordinaire" },
        b: { name: "Partagé", shareWith: { x: { mayReadItems: true } } },
      },
      update: { [inbox]: { "shareWith/x": { mayReadItems: true } } },
    });
    expect(name).toBe("Mailbox/set");
    expect(set.created.a.id).toBeTypeOf("string");
    expect(set.notCreated.b.type).toBe("forbidden");
    expect(set.notUpdated[inbox].type).toBe("forbidden");
  });

  it("refuses management and push methods, and capabilities that are not announced", async () => {
    for (
      const name of [
        "x:Account/set",
        "Principal/query",
        "PushSubscription/set",
        "SieveScript/set",
        "email/get",
      ]
    ) {
      expect(await stage.anne.one(name, {})).toEqual(["error", { type: "unknownMethod" }, "0"]);
    }
    const response = await stage.anne.post(
      JSON.stringify({ using: ["urn:stalwart:jmap"], methodCalls: [["Core/echo", {}, "0"]] }),
    );
    expect(response.status).toBe(400);
    expect((await response.json()).type).toBe("urn:ietf:params:jmap:error:unknownCapability");
  });

  it("gives another's blobs and upload places the answer of ones that do not exist", async () => {
    const foreign = await stage.bruno.account(bruno);
    const own = await stage.anne.account(anne);
    const { blobId } = await (await stage.bruno.upload(foreign, "secret")).json();
    const normal = (text: string) => text.replace(/urn:uuid:[0-9a-f-]+/, "");
    const get = async (path: string) => {
      const response = await stage.anne.fetch(path);
      return `${response.status} ${normal(await response.text())}`;
    };
    const at = (account: string, id: string) =>
      `/jmap/download/${encodeURIComponent(account)}/${encodeURIComponent(id)}/x`;
    const none = await get(at("zzzz", blobId));
    expect(none).toMatch(/^404 /);
    expect(await get(at(foreign, blobId))).toBe(none);
    if (kind === "stalwart") expect(await get(at(own, blobId))).toBe(none);
    const put = async (account: string) => {
      const response = await stage.anne.upload(account, "x");
      return `${response.status} ${normal(await response.text())}`;
    };
    expect(await put(foreign)).toBe(await put("zzzz"));
  });

  it("asks who is not signed in to sign in", async () => {
    for (const path of ["/jmap/session", "/jmap/eventsource", "/jmap/ws", "/jmap/download/a/b/c"]) {
      const response = await fetch(`${stage.baseUrl}${path}`);
      expect(response.status, path).toBe(401);
      expect((await response.json()).type).toMatch(/sign-in-required$/);
    }
  });

  it("gives a person without a box an empty session that answers Core/echo", async () => {
    const session = await stage.djibril.session();
    expect(session.accounts).toEqual({});
    expect(await stage.djibril.one("Core/echo", { a: 1 })).toEqual(["Core/echo", { a: 1 }, "0"]);
  });

  it("gives every response the session's state, which changes with the boxes", async () => {
    const person = await stage.signIn(stage.bruno);
    const { state } = await person.session();
    const own = await person.account(bruno);
    const response = await person.post(
      JSON.stringify({ using, methodCalls: [["Mailbox/get", { accountId: own }, "0"]] }),
    );
    expect((await response.json()).sessionState).toBe(state);
    await stage.sql("update app.structures set name = 'Clinique Bêta-2' where id_nat_struct = '1750000001'");
    await expect.poll(async () => (await person.session()).state, { timeout: 5000 }).not.toBe(state);
  });

  it("lets an identity speak as the box or its alias only", async () => {
    const own = await stage.anne.account(anne);
    const [, set] = await stage.anne.one("Identity/set", {
      accountId: own,
      create: { a: { name: "Alias", email: anneAlias }, b: { name: "Bruno", email: bruno } },
    });
    if (set.notCreated === undefined) return; // Cyrus knows no Identity/set.
    expect(set.notCreated.b.type).toBe("forbiddenFrom");
    if (kind === "stalwart") expect(set.created.a.id).toBeTypeOf("string");
  });

  it("closes a suspended box within five seconds, and the others stay", async () => {
    const person = await stage.signIn(stage.anne);
    const own = await person.account(secretariat);
    await stage.sql("update app.mailboxes set status = 'suspended' where address = $1", [secretariat]);
    try {
      await expect.poll(async () => (await person.one("Mailbox/get", { accountId: own, ids: [] }))[0], {
        timeout: 5000,
      }).toBe("error");
      expect(await person.one("Mailbox/get", { accountId: own, ids: [] })).toEqual([
        "error",
        { type: "accountNotFound" },
        "0",
      ]);
      expect(Object.values((await person.session()).accounts).map((one) => one.name)).toEqual([anne]);
    } finally {
      await stage.sql("update app.mailboxes set status = 'active' where address = $1", [secretariat]);
      await expect.poll(async () => Object.keys((await person.session()).accounts).length, { timeout: 5000 })
        .toBe(2);
    }
  });
});
