/** How many guesses a password withstands, asked of a thread that comes when it is needed and goes when it is not. */
import { Worker } from "node:worker_threads";

/** What is beyond is not looked at: taking a long text apart takes long, and these alone must be enough. */
const lookedAt = 64;
const patienceMilliseconds = 20_000;
const idleMilliseconds = 60_000;

interface Question {
  readonly resolve: (guessesLog10: number) => void;
  readonly reject: (error: Error) => void;
}

let thread: Worker | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;
let count = 0;
const open = new Map<number, Question>();

/** As a power of ten. `words` are what somebody who knows the person would try. */
export async function guessesOf(password: string, words: readonly string[]): Promise<number> {
  const id = ++count;
  const asked = thread ?? start();
  clearTimeout(idle);
  const late = setTimeout(() => stop(new Error("judging a password takes too long")), patienceMilliseconds);
  try {
    return await new Promise<number>((resolve, reject) => {
      open.set(id, { resolve, reject });
      asked.postMessage({ id, password: [...password].slice(0, lookedAt).join(""), words: [...words] });
    });
  } finally {
    clearTimeout(late);
    open.delete(id);
    if (open.size === 0) {
      idle = setTimeout(() => stop(new Error("idle")), idleMilliseconds);
      Deno.unrefTimer(idle as unknown as number);
    }
  }
}

function start(): Worker {
  const started = new Worker(new URL("./strength-worker.ts", import.meta.url));
  started.unref();
  started.on("message", ({ id, guessesLog10 }: { id: number; guessesLog10: number }) => {
    open.get(id)?.resolve(guessesLog10);
  });
  started.on("error", (error) => stop(error instanceof Error ? error : new Error(String(error))));
  thread = started;
  return started;
}

/** Ends the thread; whoever still waits for it is told. The next question starts another. */
function stop(why: Error): void {
  void thread?.terminate();
  thread = undefined;
  for (const { reject } of open.values()) reject(why);
  open.clear();
}
