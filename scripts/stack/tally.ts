/** Counts of tests, read from vitest's JSON report without trusting it to be there or to be whole. */
import { z } from "zod";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Full names, each once. */
  readonly failedNames: readonly string[];
  readonly skippedNames: readonly string[];
}

export const noTally: Tally = { passed: 0, failed: 0, skipped: 0, failedNames: [], skippedNames: [] };

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failedNames: [...a.failedNames, ...b.failedNames],
    skippedNames: [...a.skippedNames, ...b.skippedNames],
  };
}

const reportShape = z.object({
  testResults: z.array(z.object({
    name: z.string(),
    status: z.string(),
    assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
  })),
});

/**
 * Reads a report. What is not a test but went wrong counts as one failed test: a file that could not be loaded, a run
 * that ended with an error while all its tests passed, a report that is missing.
 *
 * @param text the report, or undefined when there is none
 * @param exitCode of the run that wrote it
 */
export function readVitestReport(text: string | undefined, exitCode: number): Tally {
  const parsed = reportShape.safeParse(text === undefined ? undefined : parseJson(text));
  if (!parsed.success) return { ...noTally, failed: 1, failedNames: ["vitest left no report"] };
  const tally = parsed.data.testResults.map(readFile).reduce(addTallies, noTally);
  if (exitCode === 0 || tally.failed > 0) return tally;
  return { ...tally, failed: 1, failedNames: [`vitest ended with code ${exitCode} outside its tests`] };
}

function readFile(file: z.infer<typeof reportShape>["testResults"][number]): Tally {
  const named = (wanted: (status: string) => boolean) =>
    file.assertionResults.filter(({ status }) => wanted(status)).map(({ fullName }) => fullName.trim());
  const failedNames = named((status) => status === "failed");
  const skippedNames = named((status) => status !== "failed" && status !== "passed");
  const passed = named((status) => status === "passed").length;
  if (file.status === "failed" && failedNames.length === 0) failedNames.push(`${file.name} could not be run`);
  return { passed, failed: failedNames.length, skipped: skippedNames.length, failedNames, skippedNames };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Cut off by the end of the run: the same as none.
  }
}
