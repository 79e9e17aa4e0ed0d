import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  alreadyAccepted,
  deferSubmission,
  meaningOfRefusal,
  refuseSubmission,
} from "../../../api/mail-server/mod.ts";
import { asObject, setError } from "../../../api/mail-server/stalwart/management.ts";
import { openBox, relay, submit } from "./clients.ts";
import { until } from "../../support/until.ts";
import { stalwartProgram, startWorld, titled, type World } from "./world.ts";

const anne = "anne@alpha.mssante.test";
const alias = "a.allard@alpha.mssante.test";
const bruno = "bruno@beta.mssante.test";
const outside = "docteur@gamma.mssante.test";

describe.skipIf(stalwartProgram === undefined)(titled("submissions on Stalwart"), () => {
  let world: World;
  let number = 0;
  beforeAll(async () => {
    world = await startWorld();
    await world.addBox(anne, [alias]);
    await world.addBox(bruno);
    await world.driver.applyMailbox({
      address: anne,
      displayName: "Anne Allard",
      quotaBytes: null,
      status: "active",
      sendAs: [alias],
    });
    await openBox(world, bruno);
  });
  afterEach(() => {
    world.hook.answer = undefined;
    world.hook.hold = undefined;
  });
  afterAll(async () => {
    await world?.stop();
  });

  const newId = () => `m${++number}.${Date.now()}@alpha.mssante.test`;
  const callsFor = (messageId: string) => world.hook.calls.filter(({ hook }) => hook.messageId === messageId);
  const byJmap = async (messageId: string, to: readonly string[] = [bruno]) =>
    await (await openBox(world, anne)).send({ to, subject: messageId, messageId });
  const bySmtp = (messageId: string, to: readonly string[] = [bruno], user = anne) =>
    submit(world, user, { from: anne, to, subject: messageId, messageId });
  const arrives = (messageId: string) =>
    until(
      `${messageId} in the box`,
      async () => (await (await openBox(world, bruno)).subjects()).includes(messageId),
    );
  const isIn = async (messageId: string) =>
    (await (await openBox(world, bruno)).subjects()).includes(messageId);
  const trace = (messageId: string, recipients: readonly string[] = [bruno]) =>
    world.driver.findSubmission(anne, messageId, new Date(Date.now() - 60_000), recipients);

  it("are told to the platform before they are accepted, by JMAP and by SMTP, with who, what and where", async () => {
    const [one, two] = [newId(), newId()];
    await byJmap(one, [bruno, outside]);
    await bySmtp(two, [bruno], alias);
    const [jmap] = callsFor(one);
    expect(jmap).toMatchObject({
      path: "/internal/mail-server/hook",
      hook: { box: anne, from: anne, recipients: [bruno, outside], messageId: one, via: "jmap" },
    });
    const secret = await Deno.readTextFile(world.server.apiEnvironment["MSS_MAIL_HOOK_SECRET_FILE"]!);
    expect(jmap!.authorization).toBe(`Bearer ${secret}`);
    expect(jmap!.hook.queueId).toMatch(/^[0-9a-f]{8,16}$/);
    expect(callsFor(two)[0]!.hook).toMatchObject({ box: anne, via: "smtp" });
  });

  it("wait at the sender while the platform is down: temporary, nothing queued; the border's mail goes on", async () => {
    world.hook.answer = 503;
    const [one, two] = [newId(), newId()];
    await expect(bySmtp(one)).rejects.toThrow("451");
    const refused = setError(await byJmap(two), "s");
    expect(refused?.reason).toBe("forbiddenToSend");
    expect(meaningOfRefusal(refused!.message)).toBe("temporary");
    const three = newId();
    await relay(world, { from: outside, to: bruno, subject: three });
    await arrives(three);
    expect(await isIn(one)).toBe(false);
    expect(await isIn(two)).toBe(false);
    for (const id of [one, two]) await until("certainty", async () => (await trace(id)) === "absent");
  });

  it("are deferred or refused in the platform's own words, accents included", async () => {
    world.hook.answer = deferSubmission("Réessayez dans un instant.");
    await expect(bySmtp(newId())).rejects.toThrow("451");
    world.hook.answer = refuseSubmission("Envoi déjà tenté.");
    const refused = setError(await byJmap(newId()), "s");
    expect(refused?.reason).toBe("forbiddenToSend");
    expect(refused?.message).toContain("Envoi déjà tenté.");
    expect(meaningOfRefusal(refused!.message)).toBe("refused");
  });

  it("that were accepted before are acknowledged and not queued again", async () => {
    const id = newId();
    await bySmtp(id);
    await arrives(id);
    world.hook.answer = alreadyAccepted();
    await bySmtp(id); // The sender gets his 250.
    const submitted = await byJmap(id);
    // Over JMAP it comes as a refusal, which the gateway reads and turns into the first answer.
    const { type, description } = asObject(asObject(submitted["notCreated"])["s"]);
    expect(type).toBe("forbiddenToSend");
    expect(meaningOfRefusal(String(description))).toBe("already-accepted");
    world.hook.answer = undefined;
    const later = newId();
    await bySmtp(later);
    await arrives(later);
    const subjects = await (await openBox(world, bruno)).subjects();
    expect(subjects.filter((subject) => subject === id)).toHaveLength(1);
  });

  it("never reach the queue when the server is killed while it asks; the trace says absent", async () => {
    const id = newId();
    let release = () => {};
    world.hook.hold = new Promise<void>((resolve) => release = resolve);
    const lost = bySmtp(id).then(() => "sent", () => "lost");
    await until("the hook's call", () => Promise.resolve(callsFor(id).length > 0));
    await world.server.kill();
    release();
    expect(await lost).toBe("lost");
    await world.launchAgain();
    await until("certainty", async () => (await trace(id)) === "absent");
    expect(await isIn(id)).toBe(false);
  });

  it("whose answer was lost are found before they are repeated: accepted, and in the box once", async () => {
    const id = newId();
    await bySmtp(id);
    await world.server.kill();
    await world.launchAgain();
    await arrives(id);
    expect(await trace(id)).toBe("accepted");
    const subjects = await (await openBox(world, bruno)).subjects();
    expect(subjects.filter((subject) => subject === id)).toHaveLength(1);
  });

  it("by JMAP are found by the EmailSubmission object, wherever the mail went", async () => {
    const id = newId();
    await byJmap(id, [outside]);
    expect(await trace(id, [outside])).toBe("accepted");
    expect(await trace(`<${id}>`, [])).toBe("accepted");
    expect(await world.driver.findSubmission(anne, id, new Date(Date.now() + 60_000), [bruno])).not.toBe(
      "accepted",
    );
  });

  it("whose recipients were all refused, and those taken back, were not accepted", async () => {
    const [refused, canceled] = [newId(), newId()];
    const nobody = "nobody@beta.mssante.test";
    await byJmap(refused, [nobody]);
    expect(await trace(refused, [nobody])).not.toBe("accepted");

    const box = await openBox(world, anne);
    const held = await box.send({ to: [bruno], subject: canceled, messageId: canceled, holdSeconds: 600 });
    const id = String(asObject(asObject(held["created"])["s"])["id"]);
    expect(await trace(canceled)).toBe("accepted");
    await box.call(["EmailSubmission/set", {
      accountId: box.accountId,
      update: { [id]: { undoStatus: "canceled" } },
    }]);
    await until("certainty", async () => (await trace(canceled)) === "absent");
  });

  it("that nobody made are absent when all recipients are hosted here, unknown when one is not", async () => {
    await until("the queue to be quiet", async () => (await trace(newId())) === "absent");
    expect(await trace(newId(), [outside])).toBe("unknown");
    expect(await trace(newId(), [bruno, outside])).toBe("unknown");
    expect(await trace(newId(), [])).toBe("unknown");
  });

  it("are not called absent while a mail of the same sender to the same recipient waits in the queue", async () => {
    const { port } = world.border;
    await world.border.stop();
    const waiting = newId();
    await bySmtp(waiting, [bruno, outside]);
    await arrives(waiting);
    expect(await trace(newId())).toBe("unknown");
    const { startBorder } = await import("./border.ts");
    Object.assign(world.border, await startBorder(port));
    await until("the queue to be empty", async () => (await trace(newId())) === "absent", 30);
  });

  it("are found in a box of many mails, the newest first", async () => {
    const crowded = "crowded@beta.mssante.test";
    await world.addBox(crowded);
    const box = await openBox(world, crowded);
    const create = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`m${index}`, {
        mailboxIds: { a: true },
        subject: `old ${index}`,
        messageId: [`old${index}@gamma.mssante.test`],
        receivedAt: "2026-01-01T00:00:00Z",
        bodyValues: { t: { value: "x" } },
        textBody: [{ partId: "t", type: "text/plain" }],
      }]),
    );
    await box.call(["Email/set", { accountId: box.accountId, create }]);
    const id = newId();
    await bySmtp(id, [crowded]);
    await until("the mail", async () => (await box.subjects()).includes(id));
    expect(await trace(id, [crowded])).toBe("accepted");
    await until("certainty", async () => (await trace(newId(), [crowded])) === "absent");
  });

  it("carry 25 MiB of attachments, base64 and all, through the hook and into the box", async () => {
    const id = newId();
    const box = await openBox(world, anne);
    const upload = await fetch(new URL(`upload/${box.accountId}/`, world.driver.jmapUrl), {
      method: "POST",
      headers: {
        authorization: await world.driver.authorization(anne),
        "content-type": "application/octet-stream",
      },
      body: new Uint8Array(26_214_400),
    });
    const { blobId } = await upload.json();
    const submitted = await box.send({
      to: [bruno],
      subject: id,
      messageId: id,
      attachments: [{ blobId, type: "application/octet-stream", name: "scanner.bin" }],
    });
    expect(asObject(submitted["created"])["s"]).toBeDefined();
    expect(callsFor(id)).toHaveLength(1);
    await arrives(id);
  });
});
