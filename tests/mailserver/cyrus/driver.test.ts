/** The Cyrus driver against a real Cyrus: boxes, tokens, and coming back after a crash. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCyrus } from "../../../api/mail-server/cyrus/mod.ts";
import type { DesiredMailbox } from "../../../api/mail-server/port.ts";
import { ImapClient } from "../../support/imap.ts";
import { hosted, type Stand, startStand } from "./stand.ts";
import { inboxOf, jmap, jmapOne, submit, until } from "./traffic.ts";

let stand: Stand;
let anne: string;
let team: string;

beforeAll(async () => {
  stand = await startStand();
  anne = await stand.addBox({ address: `anne@${hosted}` });
  team = await stand.addBox({ address: `equipe@${hosted}` });
  for (const address of [anne, team]) await stand.driver.applyMailbox(desired(address));
});
afterAll(() => stand?.stop());

function desired(address: string, change: Partial<DesiredMailbox> = {}): DesiredMailbox {
  return { address, displayName: "", quotaBytes: 104_857_600, status: "active", sendAs: [], ...change };
}

test("a box stands with its folders and quota before any mail or sign-in, also one without password", async () => {
  expect(await stand.driver.readMailbox(team)).toEqual({
    address: team,
    accountId: team,
    quotaBytes: 104_857_600,
    usedBytes: 0,
    status: "active",
    sendAs: [],
  });
  const { list } = await jmapOne<{ list: { role: string | null }[] }>(stand.driver, team, "Mailbox/get", {
    ids: null,
  });
  expect(list.map(({ role }) => role).sort()).toEqual([
    "archive",
    "drafts",
    "inbox",
    "junk",
    "sent",
    "trash",
  ]);
});

test("applying a box again changes its quota and keeps its mail", async () => {
  const dora = await stand.addBox({ address: `dora@${hosted}` });
  await stand.driver.applyMailbox(desired(dora));
  await submit(stand, { from: anne, to: dora, messageId: "kept" });
  await until(() => inboxOf(stand.driver, dora), (ids) => ids.includes("kept"));
  await stand.driver.applyMailbox(desired(dora, { quotaBytes: 209_715_200 }));
  await stand.driver.applyMailbox(desired(dora, { quotaBytes: 209_715_200, status: "suspended" }));
  expect(await stand.driver.readMailbox(dora)).toMatchObject({ quotaBytes: 209_715_200 });
  expect(await inboxOf(stand.driver, dora)).toContain("kept");
  await stand.driver.applyMailbox(desired(dora, { quotaBytes: null }));
  expect(await stand.driver.readMailbox(dora)).toMatchObject({ quotaBytes: null });
});

test("a closed box is gone with its mail, and closing it twice is harmless", async () => {
  const emma = await stand.addBox({ address: `emma@${hosted}` });
  await stand.driver.applyMailbox(desired(emma));
  await submit(stand, { from: anne, to: emma, messageId: "gone" });
  await until(() => inboxOf(stand.driver, emma), (ids) => ids.includes("gone"));
  await stand.driver.applyMailbox(desired(emma, { status: "closed" }));
  await stand.driver.applyMailbox(desired(emma, { status: "closed" }));
  expect(await stand.driver.readMailbox(emma)).toBeUndefined();
  await stand.driver.applyMailbox(desired(emma));
  expect(await inboxOf(stand.driver, emma)).toEqual([]);
});

test("what is no box's address is refused before Cyrus hears of it", async () => {
  for (
    const address of [
      "cyrus",
      "a*@x.test",
      'a"@x.test',
      "a@x.test\r\nA1 LOGOUT",
      "a/b@x.test",
      "%@x.test",
      "",
    ]
  ) {
    await expect(stand.driver.applyMailbox(desired(address)), address).rejects.toMatchObject({
      name: "MailServerRefused",
    });
    await expect(stand.driver.authorization(address), address).rejects.toMatchObject({
      name: "MailServerRefused",
    });
  }
});

test("a domain in which boxes stand is not forgotten", async () => {
  await stand.driver.applyDomain(hosted);
  await expect(stand.driver.removeDomain(hosted)).rejects.toMatchObject({ reason: "objectIsLinked" });
  await stand.driver.removeDomain("empty.mssante.test");
});

test("a token opens its box and no other", async () => {
  const [answer] = await jmap(stand.driver, anne, [["Mailbox/get", { accountId: team }, "0"]]);
  expect(answer).toMatchObject(["error", { type: "accountNotFound" }, "0"]);
});

test("a token of another key, an expired one and none are refused", async () => {
  const stranger = createCyrus({
    kind: "cyrus",
    jmapUrl: stand.driver.jmapUrl,
    jwtKey: new Uint8Array(32).toBase64(),
    imap: stand.mail.addresses.imap,
    adminSecret: "",
    mtaLogFile: "/nonexistent/exim/log/mainlog",
  });
  for (const authorization of [await stranger.authorization(anne), "Bearer a.b.c", undefined]) {
    const response = await fetch(
      stand.driver.sessionUrl,
      authorization === undefined ? {} : { headers: { authorization } },
    );
    await response.body?.cancel();
    expect(response.status).toBe(401);
  }
  expect(await stranger.probe(AbortSignal.timeout(5000))).toBe("unavailable");
});

test("the administrator signs in by his own secret only", async () => {
  // At once, since Cyrus waits three seconds before it refuses.
  await Promise.all(["", "a guess", "cyrus"].map(async (tried) => {
    await expect(ImapClient.signIn(stand.mail.addresses.imap, "cyrus", tried)).rejects.toThrow();
  }));
});

test("fifty open event streams leave room for other calls", async () => {
  const abort = new AbortController();
  const url = new URL("/jmap/eventsource/?types=*&closeafter=no&ping=0", stand.driver.jmapUrl);
  const headers = { authorization: await stand.driver.authorization(anne) };
  const streams = await Promise.all(
    Array.from({ length: 50 }, () => fetch(url, { headers, signal: abort.signal })),
  );
  expect(streams.every(({ status }) => status === 200)).toBe(true);
  expect(await stand.driver.probe(AbortSignal.timeout(5000))).toBe("ready");
  expect(await inboxOf(stand.driver, anne)).toBeInstanceOf(Array);
  abort.abort();
  for (const { body } of streams) await body?.cancel().catch(() => undefined);
});

test("killed and started again, it is as it was, and says unavailable in between", async () => {
  await submit(stand, { from: anne, to: team, messageId: "survivor" });
  await until(() => inboxOf(stand.driver, team), (ids) => ids.includes("survivor"));
  await stand.mail.kill();
  expect(await stand.driver.probe(AbortSignal.timeout(2000))).toBe("unavailable");
  await expect(stand.driver.readMailbox(team)).rejects.toMatchObject({ name: "MailServerUnavailable" });
  await stand.relaunch();
  expect(await inboxOf(stand.driver, team)).toContain("survivor");
});

test("no process of it runs as root, and a second one on its ports is refused", async () => {
  await expect(stand.relaunch()).resolves.toBeUndefined(); // The running one is ended first, by its pid files.
  if (Deno.uid() !== 0) return;
  for (const name of ["exim", "cyrus", "passwords"] as const) {
    const status = await Deno.readTextFile(`/proc/${await stand.pidOf(name)}/status`);
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1], name).not.toBe("0");
  }
});
