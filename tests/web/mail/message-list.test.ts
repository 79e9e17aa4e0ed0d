import { describe, expect, test } from "vitest";
import { openWorld, shown } from "./world.ts";

describe("a list of messages", () => {
  test("knows its whole length from the first page and loads no other", async () => {
    const { jmap, openList, ids, box } = await openWorld(2000);
    const list = await openList();
    expect(list.total).toBe(2000);
    expect(shown(list, 50)).toEqual(ids.slice(0, 50));
    expect(list.idAt(50)).toBeUndefined();
    expect(jmap.served).toHaveLength(1);
    expect(box.store.messages.size).toBe(50);
  });

  test("jumps to a far place with one request", async () => {
    const { jmap, openList, ids } = await openWorld(2000);
    const list = await openList();
    await list.show(1620, 1632);
    expect(list.idAt(1625)).toBe(ids[1625]);
    expect(list.idAt(800)).toBeUndefined();
    expect(jmap.served).toHaveLength(2);
  });

  test("asks for nothing that it has", async () => {
    const { jmap, openList } = await openWorld(120);
    const list = await openList();
    await list.show(0, 12);
    await list.show(20, 32);
    expect(jmap.served).toHaveLength(1);
  });

  test("shows a new message at the top after a refresh", async () => {
    const { server, openList, ids } = await openWorld(60);
    const list = await openList();
    const { id } = server.deliver({ receivedAt: "2026-06-01T00:00:00Z" });
    await list.refresh();
    expect(shown(list, 3)).toEqual([id, ids[0], ids[1]]);
    expect(list.total).toBe(61);
  });

  test("says by how many rows its content moved when mail comes in above the window", async () => {
    const { server, openList, ids } = await openWorld(400);
    const list = await openList();
    await list.show(200, 210);
    server.deliver({ receivedAt: "2026-06-01T00:00:00Z" });
    server.deliver({ receivedAt: "2026-06-01T00:00:01Z" });
    await list.refresh();
    expect(list.shift).toEqual({ rows: 2 });
    expect(list.idAt(202)).toBe(ids[200]);
  });

  test("finds its place again when the first visible message is gone", async () => {
    const { server, openList, ids } = await openWorld(400);
    const list = await openList();
    await list.show(200, 210);
    server.emails.delete(ids[200]!);
    server.note("Email", ids[200]!, "destroyed");
    await list.refresh();
    expect(list.problem).toBeUndefined();
    expect(list.idAt(200)).toBe(ids[201]);
    expect(list.total).toBe(399);
  });

  test("keeps what it shows when a refresh fails, and says why", async () => {
    const { jmap, openList, ids } = await openWorld(20);
    const list = await openList();
    jmap.isDown = true;
    await list.refresh();
    expect(list.problem?.code).toBe("unavailable");
    expect(shown(list, 2)).toEqual([ids[0], ids[1]]);
    jmap.isDown = false;
    await list.refresh();
    expect(list.problem).toBeUndefined();
  });

  test("an answer that left before a removal does not put the message back", async () => {
    const { jmap, openList, ids, box, server } = await openWorld(30);
    const list = await openList();
    const { promise, resolve } = Promise.withResolvers<void>();
    jmap.gate = promise;
    const refreshed = list.refresh();
    const moved = box.move([ids[0]!], server.folderId("archive"));
    expect(list.idAt(0)).toBe(ids[1]);
    resolve();
    await Promise.all([refreshed, moved]);
    await list.refresh();
    expect(shown(list, 2)).toEqual([ids[1], ids[2]]);
    expect(list.total).toBe(29);
  });
});
