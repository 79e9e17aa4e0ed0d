import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailServersAtHand } from "../../support/stack.ts";
import { core, mail, message, using } from "./client.ts";
import { anne, secretariat, type Stage, startStage } from "./stage.ts";

describe.each(mailServersAtHand())("requests through the gateway before %s", (kind) => {
  let stage: Stage;
  let own: string, shared: string;
  beforeAll(async () => {
    stage = await startStage(kind);
    own = await stage.anne.account(anne);
    shared = await stage.anne.account(secretariat);
  });
  afterAll(async () => {
    await stage?.stop();
  });

  const raw = (subject: string) =>
    message({
      From: anne,
      To: anne,
      Subject: subject,
      "Message-ID": `<${crypto.randomUUID()}@alpha.mssante.test>`,
    });

  describe("bad input", () => {
    const problemOf = async (response: Response) => {
      expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      const problem = await response.json();
      return { status: response.status, type: problem.type.split(":").at(-1), limit: problem.limit };
    };

    it("of 11 MB is refused with the limit's name", async () => {
      const body = JSON.stringify({
        using,
        methodCalls: [["Core/echo", { x: "x".repeat(11_000_000) }, "0"]],
      });
      const limit = { status: 400, type: "limit", limit: "maxSizeRequest" };
      expect(await problemOf(await stage.anne.post(body))).toEqual(limit);
      const stream = new Blob([body]).stream();
      expect(await problemOf(await stage.anne.post(stream))).toEqual(limit);
      expect(await stage.anne.one("Core/echo", { still: "here" })).toEqual([
        "Core/echo",
        { still: "here" },
        "0",
      ]);
    });

    it.each([
      [
        "nested 1000 deep",
        `{"using":[],"methodCalls":[["Core/echo",{"a":${"[".repeat(1000)}${"]".repeat(1000)}},"0"]]}`,
        "notRequest",
      ],
      ["that is not JSON", "{using:", "notJSON"],
      ["with a member twice", '{"using":[],"using":[],"methodCalls":[]}', "notJSON"],
      ["that is not a request", '{"calls":[]}', "notRequest"],
      ["with a capability nobody announced", '{"using":["urn:x"],"methodCalls":[]}', "unknownCapability"],
    ])("%s is refused by its name", async (_, body, type) => {
      expect(await problemOf(await stage.anne.post(body))).toMatchObject({ status: 400, type });
    });

    it("of another media type is notJSON", async () => {
      const response = await stage.anne.post("{}", { "content-type": "text/plain" });
      expect(await problemOf(response)).toMatchObject({ status: 400, type: "notJSON" });
    });

    it("with more calls than announced is refused with the limit's name", async () => {
      const { capabilities } = await stage.anne.session();
      const most = capabilities[core]!["maxCallsInRequest"] as number;
      const calls = (count: number) =>
        JSON.stringify({
          using,
          methodCalls: Array.from({ length: count }, (_, i) => ["Core/echo", {}, `${i}`]),
        });
      expect(await problemOf(await stage.anne.post(calls(most + 1)))).toEqual({
        status: 400,
        type: "limit",
        limit: "maxCallsInRequest",
      });
      expect((await stage.anne.post(calls(most))).status).toBe(200);
    });

    it("from another site is refused whatever the cookie", async () => {
      const response = await stage.anne.post("{}", { origin: "https://evil.test" });
      expect(response.status).toBe(403);
      await response.body?.cancel();
    });
  });

  describe("over several boxes", () => {
    it("are answered in order, references between them resolved", async () => {
      const subject = `x${crypto.randomUUID()}`;
      const here = await stage.anne.importMessage(own, raw(subject), "inbox");
      const answers = await stage.anne.call([
        ["Email/get", { accountId: own, ids: [here], properties: ["id", "subject", "threadId"] }, "a"],
        ["Mailbox/get", { accountId: shared, properties: ["role"] }, "b"],
        ["Thread/get", {
          accountId: own,
          "#ids": { resultOf: "a", name: "Email/get", path: "/list/*/threadId" },
        }, "c"],
        ["Core/echo", { "#said": { resultOf: "a", name: "Email/get", path: "/list/0/subject" } }, "d"],
        ["Mailbox/get", {
          accountId: shared,
          "#ids": { resultOf: "b", name: "Mailbox/get", path: "/list/*/id" },
        }, "e"],
        ["Email/get", { accountId: shared, "#ids": { resultOf: "zz", name: "Email/get", path: "/x" } }, "f"],
      ]);
      expect(answers.map(([name, , id]) => `${name} ${id}`)).toEqual([
        "Email/get a",
        "Mailbox/get b",
        "Thread/get c",
        "Core/echo d",
        "Mailbox/get e",
        "error f",
      ]);
      expect(answers[2]![1].list[0].emailIds).toEqual([here]);
      expect(answers[3]![1]).toEqual({ said: subject });
      expect(answers[4]![1].list.length).toBe(answers[1]![1].list.length);
      expect(answers[5]![1].type).toBe("invalidResultReference");
    });

    it("keep creation ids, and give them back to who sent some", async () => {
      const body = {
        using: [...using, "urn:mssante:params:jmap:gateway"],
        createdIds: { before: "x1" },
        methodCalls: [
          ["Mailbox/set", {
            accountId: shared,
            create: { f: { name: `F-${crypto.randomUUID().slice(0, 8)}` } },
          }, "0"],
          ["Mailbox/get", { accountId: own, ids: [] }, "1"],
          ["Mailbox/get", { accountId: shared, ids: ["#f"], properties: ["name"] }, "2"],
        ],
      };
      const response = await (await stage.anne.post(JSON.stringify(body))).json();
      const id = response.methodResponses[0][1].created.f.id;
      expect(response.methodResponses[2][1].list[0].id).toBe(id);
      expect(response.createdIds).toEqual({ before: "x1", f: id });
      expect(response.sessionState).toBe((await stage.anne.session()).state);
    });

    it("copy a mail from one box to another and move it when asked to", async () => {
      const subject = `copie ${crypto.randomUUID()}`;
      const original = await stage.anne.importMessage(own, raw(subject), "inbox");
      const inbox = await stage.anne.folder(shared, "inbox");
      const answers = await stage.anne.call([["Email/copy", {
        fromAccountId: own,
        accountId: shared,
        create: {
          c: { id: original, mailboxIds: { [inbox]: true }, keywords: { $seen: true } },
          n: { id: "Mnone", mailboxIds: { [inbox]: true } },
        },
        onSuccessDestroyOriginal: true,
      }, "0"]]);
      expect(answers.map(([name, , id]) => `${name} ${id}`)).toEqual(["Email/copy 0", "Email/set 0"]);
      const copy = answers[0]![1];
      expect(copy).toMatchObject({ fromAccountId: own, accountId: shared });
      expect(copy.notCreated.n.type).toBe("notFound");
      const [, there] = await stage.anne.one("Email/get", {
        accountId: shared,
        ids: [copy.created.c.id],
        properties: ["subject", "keywords", "mailboxIds"],
      });
      expect(there.list[0].subject).toBe(subject);
      expect(there.list[0].keywords["$seen"]).toBe(true);
      const [, here] = await stage.anne.one("Email/get", {
        accountId: own,
        ids: [original],
        properties: ["id"],
      });
      expect(here.notFound).toEqual([original]);
    });

    it("copy blobs byte for byte", async () => {
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      const { blobId } = await (await stage.anne.upload(own, bytes)).json();
      const [, answer] = await stage.anne.one("Blob/copy", {
        fromAccountId: own,
        accountId: shared,
        blobIds: [blobId, "Gnone"],
      });
      expect(Object.keys(answer.notCopied)).toEqual(["Gnone"]);
      const copied = await stage.anne.fetch(
        `/jmap/download/${encodeURIComponent(shared)}/${
          encodeURIComponent(answer.copied[blobId])
        }/x?accept=application/pdf`,
      );
      expect(new Uint8Array(await copied.arrayBuffer())).toEqual(bytes);
    });
  });

  describe("for one box", () => {
    it("let a result reference to an earlier call of the request be followed by the server", async () => {
      await stage.anne.importMessage(own, raw("un"), "inbox");
      const answers = await stage.anne.call([
        ["Email/query", { accountId: own, limit: 5 }, "q"],
        ["Email/get", {
          accountId: own,
          "#ids": { resultOf: "q", name: "Email/query", path: "/ids" },
          properties: ["id"],
        }, "g"],
      ]);
      expect(answers[1]![1].list.length).toBeGreaterThan(0);
    });

    it("keep a member called sessionState in Core/echo as it was sent", async () => {
      const response = await stage.anne.post(
        JSON.stringify({ using: [core, mail], methodCalls: [["Core/echo", { sessionState: "mine" }, "0"]] }),
      );
      const answer = await response.json();
      expect(answer.methodResponses[0][1]).toEqual({ sessionState: "mine" });
      expect(answer.sessionState).toBe((await stage.anne.session()).state);
    });

    it("answer more than a megabyte, with our session state at its end", async () => {
      const body = "x".repeat(400_000);
      const ids: string[] = [];
      for (let i = 0; i < 4; i++) {
        ids.push(
          await stage.anne.importMessage(own, message({ From: anne, Subject: `gros ${i}` }, body), "inbox"),
        );
      }
      const response = await stage.anne.post(JSON.stringify({
        using,
        methodCalls: [["Email/get", {
          accountId: own,
          ids,
          properties: ["bodyValues"],
          fetchTextBodyValues: true,
        }, "0"]],
      }));
      const answer = await response.json();
      expect(answer.methodResponses[0][1].list).toHaveLength(4);
      expect(answer.sessionState).toBe((await stage.anne.session()).state);
    });
  });

  describe("blobs", () => {
    it("of 25 MiB go up and come down byte for byte, under safe headers", async () => {
      const bytes = new Uint8Array(26_214_400);
      for (let i = 0; i < bytes.length; i += 65_536) crypto.getRandomValues(bytes.subarray(i, i + 65_536));
      const uploaded = await stage.anne.upload(own, bytes, "text/html");
      expect(uploaded.status).toBeLessThan(300);
      const { blobId, size } = await uploaded.json();
      expect(size).toBe(bytes.length);
      const name = encodeURIComponent('../é"x".html');
      const response = await stage.anne.fetch(
        `/jmap/download/${encodeURIComponent(own)}/${encodeURIComponent(blobId)}/${name}?accept=text/html`,
      );
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "text/html",
        "content-length": `${bytes.length}`,
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "content-disposition": expect.stringMatching(
          /^attachment; filename="\.\._e_x_\.html"; filename\*=UTF-8''/,
        ),
      });
      const received = new Uint8Array(await response.arrayBuffer());
      expect(received.length).toBe(bytes.length);
      expect(await digest(received)).toBe(await digest(bytes));
    });

    it("go up as a stream without a length", async () => {
      const bytes = crypto.getRandomValues(new Uint8Array(50_000));
      const uploaded = await stage.anne.upload(own, new Blob([bytes]).stream());
      expect((await uploaded.json()).size).toBe(bytes.length);
    });

    it("over the announced limit are refused, with and without a length", async () => {
      const { capabilities } = await stage.anne.session();
      const most = capabilities[core]!["maxSizeUpload"] as number;
      const chunk = new Uint8Array(1_000_000);
      for (const isStream of [false, true]) {
        let sent = 0;
        const body = isStream
          ? new ReadableStream<Uint8Array>({
            pull(controller) {
              if (sent > most + 5_000_000) return controller.close();
              sent += chunk.length;
              controller.enqueue(chunk);
            },
          })
          : new Uint8Array(most + 1);
        const response = await stage.anne.upload(own, body as BodyInit);
        expect(response.status).toBe(413);
        expect(await response.json()).toMatchObject({
          type: "urn:ietf:params:jmap:error:limit",
          limit: "maxSizeUpload",
        });
      }
    });
  });
});

async function digest(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toHex();
}
