import { describe, expect, it } from "vitest";
import { countJobs, stopRunner } from "../../../api/workers/stop-runner.ts";

const graceMilliseconds = 20;
const never = new Promise<void>(() => {});

describe("stopping a runner of the queue library", () => {
  it("waits for a job that is at work, however long it takes", async () => {
    let finish = () => {};
    const { tasks, jobs } = countJobs({
      "make-export": () => new Promise<void>((resolve) => finish = resolve),
    });
    const work = tasks["make-export"]?.({}, {} as never);
    expect(jobs.count()).toBe(1);
    let isStopped = false;
    const stopping = stopRunner({ stop: () => never }, jobs, graceMilliseconds).then(() => isStopped = true);
    await new Promise((resolve) => setTimeout(resolve, graceMilliseconds * 5));
    expect(isStopped).toBe(false);
    finish();
    await work;
    await stopping;
  });

  it("leaves behind a runner that has no job any more and does not end", async () => {
    const { jobs } = countJobs({});
    expect(await stopRunner({ stop: () => never }, jobs, graceMilliseconds)).toBe(false);
  });

  it("ends at once with a runner that ends, and with one that had ended by itself", async () => {
    const { jobs } = countJobs({});
    expect(await stopRunner({ stop: () => Promise.resolve() }, jobs, 60_000)).toBe(true);
    expect(
      await stopRunner({ stop: () => Promise.reject(new Error("Runner is already stopped")) }, jobs, 60_000),
    ).toBe(true);
  });

  it("counts a job that fails as ended", async () => {
    const { tasks, jobs } = countJobs({ "apply-domain": () => Promise.reject(new TypeError("a bug")) });
    await expect(tasks["apply-domain"]?.({}, {} as never)).rejects.toThrow("a bug");
    expect(jobs.count()).toBe(0);
  });
});
