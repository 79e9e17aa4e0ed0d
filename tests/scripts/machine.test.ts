import { expect, test } from "vitest";
import { availableMemoryMebibytes, freeDiskMebibytes, requireRoom } from "../../scripts/stack/machine.ts";
import { addTallies, noTally, readVitestReport } from "../../scripts/stack/tally.ts";

const enough = { directory: "/srv/clone/.local", diskMebibytes: 50_000, memoryMebibytes: 8000 };

test("a machine with room is let through", async () => {
  expect(() => requireRoom(enough)).not.toThrow();
  expect(await freeDiskMebibytes("/")).toBeGreaterThan(0);
});

test("a full disk is told with what is free and what is needed", () => {
  expect(() => requireRoom({ ...enough, diskMebibytes: 12 })).toThrow(
    "The disk is too full: 12 MiB are free at /srv/clone/.local, 1000 MiB are needed.",
  );
});

test("too little memory is told with what is there and what is needed", () => {
  const memoryMebibytes = availableMemoryMebibytes("MemTotal:  2000000 kB\nMemAvailable:     307200 kB\n");
  expect(memoryMebibytes).toBe(300);
  expect(() => requireRoom({ ...enough, memoryMebibytes })).toThrow(
    "There is too little memory: 300 MiB are available, 1200 MiB are needed.",
  );
});

const report = (status: string, assertions: readonly (readonly [string, string])[]) =>
  JSON.stringify({
    testResults: [{
      name: "a.test.ts",
      status,
      assertionResults: assertions.map(([fullName, each]) => ({ fullName, status: each })),
    }],
  });

test("tests are counted by outcome and named when they failed or were skipped", () => {
  const text = report("failed", [["a", "passed"], ["b", "failed"], ["c", "pending"], ["d", "todo"]]);
  const tally = readVitestReport(text, 1);
  expect(tally).toEqual({ passed: 1, failed: 1, skipped: 2, failedNames: ["b"], skippedNames: ["c", "d"] });
  expect(addTallies(tally, noTally)).toEqual(tally);
});

test("what went wrong outside a test counts as a failed one", () => {
  expect(readVitestReport(undefined, 0)).toMatchObject({ failed: 1 });
  expect(readVitestReport('{"testResults": [', 0)).toMatchObject({ failed: 1 });
  expect(readVitestReport(report("failed", []), 1)).toMatchObject({
    failed: 1,
    failedNames: ["a.test.ts could not be run"],
  });
  expect(readVitestReport(report("passed", [["a", "passed"]]), 1)).toMatchObject({ passed: 1, failed: 1 });
});
