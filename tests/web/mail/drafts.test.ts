import { describe, expect, test } from "vitest";
import { createDraftSaver, sendFrom } from "../../../web/src/lib/mail/outbox.ts";
import { toEmailObject } from "../../../web/src/lib/mail/drafts.ts";
import { draftTo, openWorld } from "./world.ts";

const dr = "bruno.bernard@beta.mssante.test";

test("a draft written on behalf of a box names who sends it, any other does not", () => {
  const sender = { name: "Zoé", email: "zoe@alpha.mssante.test" };
  expect(toEmailObject({ ...draftTo(), sender }, "d")).toMatchObject({ sender: [sender] });
  expect(toEmailObject(draftTo(), "d")).not.toHaveProperty("sender");
});

describe("saving a draft", () => {
  test("leaves one draft however often it is saved", async () => {
    const { server, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    for (const text of ["B", "Bon", "Bonjour"]) await saver.save({ ...draft, text });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["Bonjour"]);
  });

  test("destroys the old version only after the new one is there", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await saver.save({ ...draft, text: "ancien" });
    jmap.failNext("Email/set", { kind: "set-error", error: { type: "overQuota" } });
    await expect(saver.save({ ...draft, text: "nouveau" })).rejects.toMatchObject({ code: "over-quota" });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["ancien"]);
  });

  test("finds the version whose answer was lost and leaves no double", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    jmap.failNext("Email/set", { kind: "lose-answer" });
    await expect(saver.save({ ...draft, text: "un" })).rejects.toMatchObject({ mayHaveHappened: true });
    expect(server.inFolder("drafts")).toHaveLength(1);
    await saver.save({ ...draft, text: "deux" });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["deux"]);
  });

  test("a version that came to be after it was looked for leaves no double", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    jmap.failNext("Email/set", { kind: "hang" });
    await expect(saver.save({ ...draft, text: "un" })).rejects.toMatchObject({ mayHaveHappened: true });
    expect(server.inFolder("drafts")).toEqual([]);
    await saver.save({ ...draft, text: "deux" });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["deux"]);
  });

  test("a copy that a joined thread has renamed is known by its blob, and stays", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    jmap.failNext("Email/set", { kind: "hang" });
    await expect(saver.save({ ...draft, text: "un" })).rejects.toMatchObject({ mayHaveHappened: true });
    server.joinsThreads = true;
    await saver.save({ ...draft, text: "deux" });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["deux"]);
    server.joinsThreads = false;
    await saver.save({ ...draft, text: "trois" });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["trois"]);
  });

  test("an old version that could not be destroyed goes with the next save", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await saver.save({ ...draft, text: "un" });
    const { promise, resolve } = Promise.withResolvers<void>();
    jmap.gate = promise;
    const saving = saver.save({ ...draft, text: "deux" });
    resolve();
    jmap.failNext("nothing", { kind: "lose-answer" });
    await saving;
    await saver.save({ ...draft, text: "trois" });
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["trois"]);
    expect(saver.copies).toHaveLength(1);
  });

  test("two saves at once follow each other", async () => {
    const { server, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await Promise.all([saver.save({ ...draft, text: "un" }), saver.save({ ...draft, text: "deux" })]);
    expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["deux"]);
  });

  test("a draft saved twice within a second is one message at Cyrus, and stays", async () => {
    const { server, box } = await openWorld();
    server.refusesTwins = true;
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    const id = await saver.save(draft);
    expect(await saver.save(draft)).toBe(id);
    expect(server.inFolder("drafts").map((one) => one.id)).toEqual([id]);
  });

  test("discarding destroys every version", async () => {
    const { server, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await saver.save(draft);
    await saver.discard(draft.messageId);
    expect(server.inFolder("drafts")).toEqual([]);
  });
});

describe("sending", () => {
  const sentOnce = (server: Awaited<ReturnType<typeof openWorld>>["server"], messageId: string) => {
    expect(server.inFolder("sent").map((one) => one.messageId)).toEqual([[messageId]]);
    expect(server.inFolder("drafts")).toEqual([]);
    expect(server.submissions.size).toBe(1);
  };

  test("moves the draft to the sent messages under its own Message-ID", async () => {
    const { server, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await saver.save(draft);
    expect(await sendFrom(box, draft, saver, false)).toEqual({ refused: [] });
    sentOnce(server, draft.messageId);
    expect(server.inFolder("sent")[0]?.keywords).toEqual({ $seen: true });
  });

  test("a draft that was saved in the same second is sent all the same", async () => {
    const { server, box } = await openWorld();
    server.refusesTwins = true;
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await saver.save(draft);
    await sendFrom(box, draft, saver, false);
    sentOnce(server, draft.messageId);
  });

  test("a copy that holds exactly these words is submitted as it is", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    const id = await saver.save(draft);
    jmap.served.length = 0;
    await sendFrom(box, draft, saver, false, () => id);
    expect(server.inFolder("sent").map((one) => one.id)).toEqual([id]);
    sentOnce(server, draft.messageId);
  });

  test("a copy that was deleted elsewhere is written anew", async () => {
    const { server, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    const id = await saver.save(draft);
    server.emails.delete(id);
    await sendFrom(box, draft, saver, false, () => id);
    sentOnce(server, draft.messageId);
  });

  test("an answer lost after the send is looked up and nothing is sent twice", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    jmap.failNext("EmailSubmission/set", { kind: "lose-answer" });
    expect(await sendFrom(box, draft, saver, false)).toEqual({ refused: [] });
    sentOnce(server, draft.messageId);
  });

  test("a draft that came to be while it was sent again goes", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await box.identity();
    jmap.failNext("Email/set", { kind: "hang" });
    await expect(saver.save(draft)).rejects.toMatchObject({ mayHaveHappened: true });
    await sendFrom(box, draft, saver, false);
    sentOnce(server, draft.messageId);
  });

  test("a draft that could not go with the sending goes a little later", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    await saver.save(draft);
    await box.identity();
    jmap.failNext("EmailSubmission/get", { kind: "status", status: 503 });
    jmap.failNext("Email/set", { kind: "pass" });
    jmap.failNext("Email/set", { kind: "status", status: 503 });
    await sendFrom(box, draft, saver, false);
    expect(server.inFolder("drafts")).toHaveLength(1);
    await expect.poll(() => server.inFolder("drafts")).toEqual([]);
    sentOnce(server, draft.messageId);
  });

  test("a letter is sent although nobody can look for what its lost answers left", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], true);
    await box.identity();
    jmap.failNext("Email/query", { kind: "method-error", type: "serverFail" });
    expect(await sendFrom(box, draftTo(dr), saver, false)).toEqual({ refused: [] });
    expect(server.submissions.size).toBe(1);
  });

  test("a message that a dying server left in both folders is taken out of the drafts", async () => {
    const { server, box } = await openWorld();
    const draft = draftTo(dr);
    await sendFrom(box, draft, createDraftSaver(box, [], false), false);
    const [sent] = server.inFolder("sent");
    server.patch(sent!.id, { [`mailboxIds/${server.folderId("drafts")}`]: true, "keywords/$draft": true });
    await sendFrom(box, draft, createDraftSaver(box, [sent!.id], true), true);
    sentOnce(server, draft.messageId);
    expect(sent?.keywords).toEqual({ $seen: true });
  });

  describe("what was sent, and has another id since its thread was joined to another", () => {
    async function sendUnnoticed() {
      const { server, box } = await openWorld();
      const draft = draftTo(dr);
      await sendFrom(box, draft, createDraftSaver(box, [], false), false);
      const id = server.inFolder("sent")[0]!.id;
      server.joinThread(id);
      // All that the page knows: a draft of this name, and a sending whose answer was lost.
      return { server, box, draft, saver: createDraftSaver(box, [id], true) };
    }

    test("is found, and is no draft to be cleared away", async () => {
      const { server, box, draft, saver } = await sendUnnoticed();
      await sendFrom(box, draft, saver, true);
      sentOnce(server, draft.messageId);
    });

    test("stays when the draft is written anew", async () => {
      const { server, draft, saver } = await sendUnnoticed();
      await saver.save({ ...draft, text: "encore" });
      expect(server.inFolder("sent")).toHaveLength(1);
      expect(server.inFolder("drafts").map(({ preview }) => preview)).toEqual(["encore"]);
    });

    test("stays when the draft is thrown away", async () => {
      const { server, draft, saver } = await sendUnnoticed();
      await saver.discard(draft.messageId);
      sentOnce(server, draft.messageId);
    });
  });

  test("a request that never arrived is sent again", async () => {
    const { server, jmap, box } = await openWorld();
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr);
    jmap.failNext("EmailSubmission/set", { kind: "lose-request" });
    await sendFrom(box, draft, saver, false);
    sentOnce(server, draft.messageId);
  });

  test("a send of an earlier life of the page is looked up before anything is repeated", async () => {
    const { server, jmap, box } = await openWorld();
    const draft = draftTo(dr);
    await sendFrom(box, draft, createDraftSaver(box, [], false), false);
    jmap.served.length = 0;
    await sendFrom(box, draft, createDraftSaver(box, [], true), true);
    expect(jmap.methodsServed()).not.toContain("EmailSubmission/set");
    sentOnce(server, draft.messageId);
  });

  test.each(["serverUnavailable", "serverFail", "serverPartialFail"])(
    "%s during a send is waited out, and the message goes once",
    async (type) => {
      const { server, jmap, box } = await openWorld();
      const draft = draftTo(dr);
      await box.identity();
      jmap.failNext("EmailSubmission/set", { kind: "method-error", type });
      jmap.failNext("Email/query", { kind: "method-error", type });
      expect(await sendFrom(box, draft, createDraftSaver(box, [], false), false)).toEqual({ refused: [] });
      sentOnce(server, draft.messageId);
    },
  );

  test("a submission whose outcome the platform does not know yet is asked for again, with the same draft", async () => {
    const { server, jmap, box } = await openWorld();
    const draft = draftTo(dr);
    const saver = createDraftSaver(box, [], false);
    const unknown = { type: "urn:mssante:error:submission-outcome-unknown" };
    jmap.failNext("EmailSubmission/set", { kind: "submission-error", error: unknown });
    expect(await sendFrom(box, draft, saver, false)).toEqual({ refused: [] });
    sentOnce(server, draft.messageId);
    const creates = jmap.served.flatMap(({ calls }) => calls)
      .filter(([method, args]) => method === "Email/set" && "draft" in ((args["create"] ?? {}) as object));
    expect(creates).toHaveLength(1);
  });

  test("a recipient outside the trust space is named, and the draft stays a draft", async () => {
    const { server, box } = await openWorld();
    server.refused.set("x@gmail.test", "not-in-trust-space");
    const saver = createDraftSaver(box, [], false);
    const draft = draftTo(dr, "x@gmail.test");
    await expect(sendFrom(box, draft, saver, false)).rejects.toMatchObject({
      code: "recipients-refused",
      recipients: [{ address: "x@gmail.test", reason: "not-in-trust-space" }],
      mayHaveHappened: false,
    });
    expect(server.inFolder("drafts")).toHaveLength(1);
    expect(server.inFolder("sent")).toEqual([]);
    await sendFrom(box, { ...draft, to: draft.to.slice(0, 1) }, saver, false);
    sentOnce(server, draft.messageId);
  });

  test("a 550 that stands in deliveryStatus alone is told, while the others got it", async () => {
    const { server, box } = await openWorld();
    server.bounced.set("absent@beta.mssante.test", "550 5.1.1 User unknown");
    const draft = draftTo(dr, "absent@beta.mssante.test");
    const { refused } = await sendFrom(box, draft, createDraftSaver(box, [], false), false);
    expect(refused).toEqual([{ address: "absent@beta.mssante.test", reason: "550 5.1.1 User unknown" }]);
    sentOnce(server, draft.messageId);
  });

  test("when every recipient is refused the message is a draft again, not a sent one", async () => {
    const { server, box } = await openWorld();
    server.bounced.set(dr, "550 5.1.1 User unknown");
    const draft = draftTo(dr);
    await expect(sendFrom(box, draft, createDraftSaver(box, [], false), false)).rejects.toMatchObject({
      code: "recipients-refused",
    });
    expect(server.inFolder("sent")).toEqual([]);
    expect(server.inFolder("drafts")).toHaveLength(1);
  });

  test("an expired session sends nothing and says so", async () => {
    const { server, jmap, box } = await openWorld();
    const draft = draftTo(dr);
    await box.identity();
    jmap.isSignedOut = true;
    await expect(sendFrom(box, draft, createDraftSaver(box, [], false), false)).rejects.toMatchObject({
      code: "signed-out",
      mayHaveHappened: false,
    });
    expect(server.submissions.size).toBe(0);
  });
});
