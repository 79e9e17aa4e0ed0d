import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Watch } from "../../../api/jmap-gateway/patience.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  // The module's one timer must end with the clock it was started on.
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
});

describe("a watch over an exchange", () => {
  it("ends it once when its time is over, and not before", async () => {
    const end = vi.fn();
    new Watch(end, { timeoutMs: 30_000 });
    await vi.advanceTimersByTimeAsync(29_900);
    expect(end).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(700);
    expect(end).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(end).toHaveBeenCalledTimes(1);
  });

  it.each(["settle", "forget"] as const)("lets it be after `%s`, and leaves no timer behind", async (how) => {
    const end = vi.fn();
    new Watch(end, { timeoutMs: 1_000 })[how]();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(end).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("with no time set waits for ever", async () => {
    const end = vi.fn();
    new Watch(end, { timeoutMs: 0 });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(end).not.toHaveBeenCalled();
  });

  it("ends it at its signal: at once, also after its answer began, never when it is over", () => {
    const [before, flowing, over] = [new AbortController(), new AbortController(), new AbortController()];
    const ends = [vi.fn(), vi.fn(), vi.fn()];
    before.abort();
    new Watch(ends[0]!, { signal: before.signal, timeoutMs: 1_000 }).forget();
    const watches = [flowing, over].map(({ signal }, i) =>
      new Watch(ends[i + 1]!, { signal, timeoutMs: 1_000 })
    );
    watches[0]!.settle();
    watches[1]!.forget();
    flowing.abort();
    over.abort();
    expect(ends.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0]);
  });

  it("asks for the client's signal of a slow one only", async () => {
    const client = new AbortController();
    const whenSlow = vi.fn(() => client.signal);
    const quick = new Watch(vi.fn(), { whenSlow, timeoutMs: 30_000 });
    await vi.advanceTimersByTimeAsync(900);
    quick.forget();
    expect(whenSlow).not.toHaveBeenCalled();
    const end = vi.fn();
    new Watch(end, { whenSlow, timeoutMs: 30_000 });
    await vi.advanceTimersByTimeAsync(1_600);
    expect(whenSlow).toHaveBeenCalledTimes(1);
    client.abort();
    expect(end).toHaveBeenCalledTimes(1);
  });
});
