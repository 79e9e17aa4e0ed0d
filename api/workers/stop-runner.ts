import type { Runner, TaskList } from "graphile-worker";

/** The jobs of a runner that are at work now. */
export interface RunningJobs {
  readonly count: () => number;
}

/** The same tasks, counted while they run. */
export function countJobs(tasks: TaskList): { readonly tasks: TaskList; readonly jobs: RunningJobs } {
  let count = 0;
  const counted = Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      async (...args: Parameters<NonNullable<typeof task>>) => {
        count++;
        try {
          return await task?.(...args);
        } finally {
          count--;
        }
      },
    ]),
  );
  return { tasks: counted, jobs: { count: () => count } };
}

/**
 * Stops a runner and waits for its running jobs, and for nothing else.
 *
 * The library's own end may never come: its batches count one failed write twice when two are lost at once with the
 * database (`allgood` in its batch()), and the release of a batch then waits for a zero that it has passed. What is left of such a runner takes no
 * job any more; the marks of jobs that it could not remove are freed when the next one begins.
 *
 * @param graceMilliseconds how long the library may take after the last job
 * @returns whether it ended by itself
 */
export async function stopRunner(
  runner: Pick<Runner, "stop">,
  jobs: RunningJobs,
  graceMilliseconds: number,
): Promise<boolean> {
  let isEnded = false;
  const ended = runner.stop().catch(() => {
    // Already stopped: it ended by itself with the database.
  }).then(() => isEnded = true);
  while (!isEnded) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wasIdle = jobs.count() === 0;
    await Promise.race([ended, new Promise((resolve) => timer = setTimeout(resolve, graceMilliseconds))]);
    clearTimeout(timer);
    if (wasIdle && jobs.count() === 0) break;
  }
  return isEnded;
}
