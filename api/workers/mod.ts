/**
 * Workers: what follows from a committed change. A verb writes the desired state and adds a job in the same transaction; the job
 * reads the row anew and makes the mail server match it, so a job may run twice, late, or after a newer one, and do no harm.
 *
 * States of a box (`mailboxes.provisioning`): `pending` → `applied`; `pending` → `action_required` when the mail server refuses
 * for good; every new version goes back to `pending`. A mail server that is away leaves the box `pending` with its reason and
 * the job waits: all comes back by itself.
 *
 * One worker process works at a time, the others stand by (`run.ts`).
 */
export { type RunningWorkers, runWorkers, type WorkersOptions } from "./run.ts";
export type { WorkerDeps } from "./worker-deps.ts";
