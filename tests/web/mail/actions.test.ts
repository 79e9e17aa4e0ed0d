import { describe, expect, test } from "vitest";
import { openWorld, shown } from "./world.ts";

describe("marking", () => {
  test("shows at once and holds on the server", async () => {
    const { server, box, openList, ids } = await openWorld(2);
    await openList();
    const done = box.mark([ids[0]!], "flagged", true);
    expect(box.store.messages.get(ids[0]!)?.keywords["$flagged"]).toBe(true);
    await done;
    expect(server.emails.get(ids[0]!)?.keywords["$flagged"]).toBe(true);
  });

  test("is taken back with its count when the server refuses", async () => {
    const { jmap, box, openList, ids } = await openWorld(2);
    await openList();
    jmap.failNext("Email/set", { kind: "set-error", error: { type: "forbidden" } });
    await expect(box.mark([ids[0]!], "seen", true)).rejects.toMatchObject({ code: "forbidden" });
    expect(box.store.messages.get(ids[0]!)?.keywords["$seen"]).toBeUndefined();
    expect(box.folder("inbox")?.unread).toBe(2);
  });
});

describe("moving", () => {
  test("leaves the list at once, and undo brings it back to its place", async () => {
    const { server, box, openList, ids } = await openWorld(4);
    const list = await openList();
    const undo = await box.move([ids[1]!], server.folderId("archive"));
    expect(shown(list, 3)).toEqual([ids[0], ids[2], ids[3]]);
    expect(server.emails.get(ids[1]!)?.mailboxIds).toEqual({ [server.folderId("archive")]: true });
    expect(box.folder("inbox")?.total).toBe(3);
    expect(box.folder("archive")?.total).toBe(1);
    await undo();
    expect(shown(list, 4)).toEqual(ids);
    expect(server.emails.get(ids[1]!)?.mailboxIds).toEqual({ [server.folderId("inbox")]: true });
  });

  test("keeps the other folders of a message", async () => {
    const { server, box, openList, ids } = await openWorld(1);
    server.emails.get(ids[0]!)!.mailboxIds = { [server.folderId("inbox")]: true, other: true };
    await openList();
    await box.move([ids[0]!], server.folderId("trash"));
    expect(server.emails.get(ids[0]!)?.mailboxIds).toEqual({ other: true, [server.folderId("trash")]: true });
  });

  test("comes back into the list when the answer is lost, until the server says what holds", async () => {
    const { server, jmap, box, openList, ids } = await openWorld(3);
    const list = await openList();
    jmap.failNext("Email/set", { kind: "lose-request" });
    await expect(box.move([ids[0]!], server.folderId("archive"))).rejects.toMatchObject({ code: "offline" });
    await expect.poll(() => shown(list, 3), { timeout: 5000 }).toEqual(ids);
    jmap.failNext("Email/set", { kind: "lose-answer" });
    await expect(box.move([ids[0]!], server.folderId("archive"))).rejects.toMatchObject({ code: "offline" });
    await expect.poll(() => shown(list, 3), { timeout: 5000 }).toEqual([ids[1], ids[2], undefined]);
  });

  test("moves three thousand messages in requests of the announced size", async () => {
    const { server, jmap, box, openList, ids } = await openWorld(3000);
    const list = await openList();
    for (let position = 0; position < 3000; position += 100) await list.show(position, position + 99);
    jmap.served.length = 0;
    await box.move(ids, server.folderId("archive"));
    expect(jmap.methodsServed().filter((method) => method === "Email/set")).toHaveLength(6);
    expect(list.total).toBe(0);
  });
});

describe("destroying", () => {
  test("removes for good, and a message already gone is no failure", async () => {
    const { server, box, openList, ids } = await openWorld(2);
    const list = await openList();
    server.emails.delete(ids[1]!);
    await box.destroy(ids);
    expect(server.emails.size).toBe(0);
    expect(list.total).toBe(0);
  });
});
