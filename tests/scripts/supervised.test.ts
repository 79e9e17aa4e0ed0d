import { describe, expect, test, vi } from "vitest";
import type { RunningPart } from "../../scripts/stack/process.ts";
import { SupervisedPart } from "../../scripts/stack/supervised.ts";

/** A part without a process, which dies when told to. */
function mortal(): RunningPart & { die(code: number): Promise<void> } {
  let settle: (ended: { name: string; code: number }) => void = () => undefined;
  const exited = new Promise<{ name: string; code: number }>((resolve) => settle = resolve);
  const end = (code: number) => {
    settle({ name: "api", code });
    return Promise.resolve();
  };
  return { name: "api", pids: [], exited, die: end, stop: () => end(0), kill: () => end(137) };
}

function supervise(launch: () => Promise<RunningPart>, restarts = true) {
  const said: string[] = [];
  const part = new SupervisedPart({
    name: "api",
    launch,
    restarts,
    say: (sentence) => said.push(sentence),
    backoffMilliseconds: [1, 2],
  });
  return { part, said };
}

describe("a supervised part", () => {
  test("that dies is started again, and both are said", async () => {
    const lives = [mortal(), mortal()];
    const launch = vi.fn(() => Promise.resolve(lives[launch.mock.calls.length - 1]!));
    const { part, said } = supervise(launch);
    await part.start();
    await lives[0]!.die(1);
    await vi.waitFor(() => expect(said).toContain("api is back."));
    expect(said[0]).toMatch(/^api has ended by itself \(code 1\): it is started again in/);
    expect(part.current).toBe(lives[1]);
    await part.stop();
  });

  test("that cannot be started again is tried until it can", async () => {
    const first = mortal();
    let attempts = 0;
    const { part, said } = supervise(() => {
      attempts += 1;
      if (attempts === 1) return Promise.resolve(first);
      return attempts < 4 ? Promise.reject(new Error("port taken")) : Promise.resolve(mortal());
    });
    await part.start();
    await first.die(1);
    await vi.waitFor(() => expect(said).toContain("api is back."));
    expect(attempts).toBe(4);
    expect(said.filter((sentence) => sentence.includes("port taken"))).toHaveLength(2);
    await part.stop();
  });

  test("that is ended on purpose stays ended", async () => {
    const launch = vi.fn(() => Promise.resolve(mortal()));
    const { part, said } = supervise(launch);
    await part.start();
    await part.kill();
    expect(part.isRunning).toBe(false);
    await part.start();
    await part.stop();
    expect(launch).toHaveBeenCalledTimes(2);
    expect(said).toEqual([]);
  });

  test("without restarts is only reported", async () => {
    const only = mortal();
    const { part, said } = supervise(() => Promise.resolve(only), false);
    await part.start();
    await only.die(2);
    await vi.waitFor(() => expect(said).toEqual(["api has ended by itself (code 2)."]));
    expect(part.isRunning).toBe(false);
  });
});
