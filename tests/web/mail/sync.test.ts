import { expect, test } from "vitest";
import { openWorld, shown } from "./world.ts";

test("a delivery is in list, counts and news after one request for changes", async () => {
  const { server, jmap, box, openList } = await openWorld(10);
  const list = await openList();
  const { id } = server.deliver({ receivedAt: "2026-06-01T00:00:00Z" });
  jmap.served.length = 0;
  const { arrived } = await box.sync();
  expect(arrived.map((one) => one.id)).toEqual([id]);
  expect(list.idAt(0)).toBe(id);
  expect(box.folder("inbox")?.unread).toBe(11);
  expect(jmap.served).toHaveLength(2); // changes, and the window again
});

test("flags changed elsewhere show without a word about new mail", async () => {
  const { server, box, openList, ids } = await openWorld(3);
  await openList();
  server.patch(ids[0]!, { "keywords/$seen": true });
  const { arrived } = await box.sync();
  expect(arrived).toEqual([]);
  expect(box.store.messages.get(ids[0]!)?.keywords["$seen"]).toBe(true);
  expect(box.folder("inbox")?.unread).toBe(2);
});

test("when changes cannot be calculated everything is read again", async () => {
  const { server, box, openList, ids } = await openWorld(5);
  const list = await openList();
  server.cannotCalculate = true;
  server.emails.delete(ids[0]!);
  await box.sync();
  expect(shown(list, 4)).toEqual(ids.slice(1));
  server.cannotCalculate = false;
  const { id } = server.deliver({ receivedAt: "2026-06-01T00:00:00Z" });
  expect((await box.sync()).arrived.map((one) => one.id)).toEqual([id]);
});

test("more changes than one answer holds: the list is read again instead of pieced together", async () => {
  const { server, box, openList } = await openWorld(5);
  const list = await openList();
  for (let index = 0; index < 150; index++) {
    server.deliver({ receivedAt: `2026-06-01T00:00:00.${100 + index}Z` });
  }
  await box.sync();
  expect(list.total).toBe(155);
  expect(box.folder("inbox")?.total).toBe(155);
});

test("a count that left the server before the last local change is not shown", async () => {
  const { server, jmap, box, openList, ids } = await openWorld(6);
  await openList();
  server.deliver({ receivedAt: "2026-06-01T00:00:00Z" });
  const { promise, resolve } = Promise.withResolvers<void>();
  jmap.gate = promise;
  const synced = box.sync();
  await Promise.resolve();
  const marked = box.mark([ids[0]!], "seen", true);
  expect(box.folder("inbox")?.unread).toBe(5);
  resolve();
  await Promise.all([synced, marked]);
  await expect.poll(() => box.folder("inbox")?.unread, { timeout: 5000 }).toBe(6);
  expect(box.store.messages.get(ids[0]!)?.keywords["$seen"]).toBe(true);
});

test("what the page asks by itself is no sign of life; what the person does is", async () => {
  const { server, jmap, box, openList, ids } = await openWorld(3);
  const list = await openList();
  expect(jmap.served.map(({ isBackground }) => isBackground)).toEqual([false]);
  jmap.served.length = 0;
  server.deliver({ receivedAt: "2026-06-01T00:00:00Z" });
  await box.sync();
  expect(jmap.served.map(({ isBackground }) => isBackground)).toEqual([true, true]);
  jmap.served.length = 0;
  await box.mark([ids[0]!], "seen", true);
  expect(jmap.served[0]?.isBackground).toBe(false);
  expect(list.total).toBe(4);
});
