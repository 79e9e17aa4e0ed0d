import { describe, expect, test } from "vitest";
import { MailSession } from "../../../web/src/lib/mail/mail-session.svelte.ts";
import { ScriptedBox, ScriptedJmap } from "../../support/scripted-jmap.ts";

class SilentSource extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 0;
  close() {}
}

function open(...boxes: ScriptedBox[]) {
  const jmap = new ScriptedJmap(...boxes);
  const timers: (() => void)[] = [];
  const remembered = new Map<string, string>();
  const sources: SilentSource[] = [];
  const arrived: string[] = [];
  const create = () =>
    new MailSession({
      fetch: jmap.fetch,
      sessionUrl: "/jmap/session",
      createEventSource: () => {
        sources.push(new SilentSource());
        return sources.at(-1) as unknown as EventSource;
      },
      onArrived: (_, messages) => arrived.push(...messages.map(({ subject }) => subject ?? "")),
      rememberedInboxes: remembered,
      setTimer: (run) => timers.push(run),
    });
  return { jmap, timers, remembered, create, sources, arrived };
}

const own = () => new ScriptedBox("anne@alpha.test", "anne@alpha.test");
const first = { accountId: undefined, folderId: undefined, search: "" };

describe("the first list", () => {
  test("takes three JMAP requests on a new machine: session, folders, messages", async () => {
    const box = own();
    box.deliver({});
    const { jmap, create } = open(box, new ScriptedBox("org@alpha.test", "org@alpha.test"));
    const mail = create();
    await mail.start(first);
    await mail.openList(mail.boxes[0]!, box.folderId("inbox"), "").show(0, 10);
    expect(mail.list?.total).toBe(1);
    expect(jmap.served).toHaveLength(3);
  });

  test("takes two where the inbox is remembered: session, and one batch", async () => {
    const box = own();
    box.deliver({});
    const { jmap, create } = open(box, new ScriptedBox("org@alpha.test", "org@alpha.test"));
    await create().start(first);
    jmap.served.length = 0;
    const mail = create();
    await mail.start(first);
    expect(mail.list?.total).toBe(1);
    expect(jmap.served).toHaveLength(2);
  });
});

describe("a person's session", () => {
  test("puts the personal box before the shared ones", async () => {
    const { create } = open(own(), new ScriptedBox("org@alpha.test", "org@alpha.test"));
    const mail = create();
    await mail.start(first);
    expect(mail.boxes.map(({ info }) => info.type)).toEqual(["PER", "ORG"]);
  });

  test("without a box is ready and empty", async () => {
    const { create } = open();
    const mail = create();
    await mail.start(first);
    expect(mail.status).toBe("ready");
    expect(mail.boxes).toEqual([]);
  });

  test("says unavailable while the mail server is down, and comes back by itself", async () => {
    const box = own();
    box.deliver({});
    const { jmap, timers, create } = open(box);
    jmap.isDown = true;
    const mail = create();
    await mail.start(first);
    expect(mail.status).toBe("unavailable");
    jmap.isDown = false;
    timers.shift()?.();
    await expect.poll(() => mail.status, { timeout: 5000 }).toBe("ready");
    expect(mail.boxes[0]?.folder("inbox")?.total).toBe(1);
  });

  test("keeps the list on the screen through an outage and brings it up to date after", async () => {
    const box = own();
    box.deliver({ receivedAt: "2026-01-01T00:00:00Z" });
    const { jmap, timers, create } = open(box);
    const mail = create();
    await mail.start(first);
    const list = mail.openList(mail.boxes[0]!, box.folderId("inbox"), "");
    await list.show(0, 10);
    jmap.isDown = true;
    await list.refresh();
    expect(mail.status).toBe("unavailable");
    expect(list.total).toBe(1);
    box.deliver({ receivedAt: "2026-02-01T00:00:00Z" });
    jmap.isDown = false;
    timers.shift()?.();
    await expect.poll(() => list.total, { timeout: 5000 }).toBe(2);
    expect(mail.status).toBe("ready");
  });

  test("says signed out when the session is over, and asks no more", async () => {
    const { jmap, timers, create } = open(own());
    const mail = create();
    await mail.start(first);
    jmap.isSignedOut = true;
    await mail.boxes[0]?.sync().catch(() => undefined);
    expect(mail.status).toBe("signed-out");
    expect(timers).toHaveLength(0);
  });

  test("that is ended elsewhere is noticed by the stream alone, on a page that asks nothing", async () => {
    const { jmap, sources, create } = open(own());
    const mail = create();
    await mail.start(first);
    sources[0]?.onopen?.();
    await expect.poll(() => sources.length).toBe(1);
    jmap.isSignedOut = true;
    sources[0]!.readyState = 2;
    sources[0]?.onerror?.();
    await expect.poll(() => mail.status).toBe("signed-out");
  });

  test("announces a message that an event brings, and puts it on top of the list", async () => {
    const box = own();
    box.deliver({ receivedAt: "2026-01-01T00:00:00Z" });
    const { create, sources, arrived } = open(box);
    const mail = create();
    await mail.start(first);
    const list = mail.openList(mail.boxes[0]!, box.folderId("inbox"), "");
    await list.show(0, 10);
    const { id } = box.deliver({ subject: "Urgent", receivedAt: "2026-02-01T00:00:00Z" });
    const data = JSON.stringify({ changed: { "anne@alpha.test": { Email: "9" } } });
    sources[0]?.dispatchEvent(new MessageEvent("state", { data }));
    await expect.poll(() => list.idAt(0), { timeout: 5000 }).toBe(id);
    expect(arrived).toEqual(["Urgent"]);
  });
});

describe("a delegated box", () => {
  const shared = "secretariat@alpha.test";
  const rights = { write: true, sendAs: false, sendOnBehalf: true };

  test("comes after the person's own, and is written from with his own address as Sender", async () => {
    const { jmap, create } = open(own(), new ScriptedBox(shared, shared));
    jmap.announced.set(shared, { relation: "delegate", type: "PER", rights });
    const mail = create();
    await mail.start(first);
    expect(mail.boxes.map(({ info }) => [info.address, info.relation, info.sender])).toEqual([
      ["anne@alpha.test", "holder", undefined],
      [shared, "delegate", "anne@alpha.test"],
    ]);
  });

  test("changes with its rights when the session is read again; read-only, a mail that is read stays unmarked", async () => {
    const box = new ScriptedBox(shared, shared);
    const { id } = box.deliver({});
    const { jmap, create } = open(own(), box);
    const mail = create();
    await mail.start(first);
    const kept = mail.box(shared)!;
    expect(kept.info.sender).toBeUndefined();
    jmap.announced.set(shared, {
      relation: "delegate",
      rights: { ...rights, write: false, sendOnBehalf: false },
    });
    await mail.retry();
    expect(mail.box(shared)).toBe(kept);
    expect(kept.info.rights.write).toBe(false);
    jmap.served.length = 0;
    await kept.mark([id], "seen", true);
    expect(jmap.served).toEqual([]);
  });
});
