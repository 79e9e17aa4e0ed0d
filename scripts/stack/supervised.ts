/** A part that is kept running: started, ended, killed for a test, and started again when it dies by itself. */
import type { RunningPart } from "./process.ts";

export type PartName =
  | "postgres"
  | "redis"
  | "mail-server"
  | "pro-sante-connect"
  | "other-operator"
  | "white-list"
  | "api"
  | "worker"
  | "edge-imap"
  | "edge-nginx"
  | "edge-software"
  | "edge-submission";

export interface SupervisedOptions<Running extends RunningPart> {
  readonly name: PartName;
  /** Starts the part, its recovery step included. */
  readonly launch: () => Promise<Running>;
  /** Whether a part that ends by itself is started again. */
  readonly restarts: boolean;
  /** Receives one sentence each time the part dies, fails to start again, or is back. */
  readonly say: (sentence: string) => void;
  /** Called after each start, once the part is `current`. It must not throw. */
  readonly afterStart?: () => Promise<void>;
  /** Waiting times in milliseconds before the first, second … new start; the last one repeats. */
  readonly backoffMilliseconds?: readonly number[];
}

const defaultBackoff = [500, 1000, 2000, 4000, 8000, 15_000, 30_000] as const;
/** A part that ran that long has recovered: the next death counts as its first. */
const healthyMilliseconds = 60_000;

export class SupervisedPart<Running extends RunningPart> {
  readonly name: PartName;
  #current: Running | undefined;
  #options: SupervisedOptions<Running>;
  #wanted = false;
  #deaths = 0;
  #restart: Promise<void> = Promise.resolve();
  /** A start that is under way: a second one waits for it. */
  #starting: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SupervisedOptions<Running>) {
    this.name = options.name;
    this.#options = options;
  }

  /** The part as it runs now. @throws Error when it does not run. */
  get current(): Running {
    if (this.#current === undefined) throw new Error(`${this.name} does not run.`);
    return this.#current;
  }

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  /** Starts the part unless it runs. @throws StartFailure */
  async start(): Promise<void> {
    if (this.#current !== undefined) return;
    this.#wanted = true;
    this.#starting ??= this.#launch().finally(() => this.#starting = undefined);
    await this.#starting;
  }

  /** Ends the part in good order and leaves it ended. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#wake?.();
    await this.#restart;
    await this.#current?.stop();
    this.#current = undefined;
  }

  /** SIGKILL to all its processes; it stays ended until `start`. */
  async kill(): Promise<void> {
    this.#wanted = false;
    this.#wake?.();
    await this.#restart;
    await this.#current?.kill();
    this.#current = undefined;
  }

  async #launch(): Promise<void> {
    const running = await this.#options.launch();
    this.#current = running;
    const began = Date.now();
    void running.exited.then(({ code }) => {
      if (this.#current !== running) return; // Ended and replaced on purpose.
      if (!this.#wanted) return;
      this.#current = undefined;
      if (Date.now() - began > healthyMilliseconds) this.#deaths = 0;
      if (!this.#options.restarts) {
        this.#options.say(`${this.name} has ended by itself (code ${code}).`);
        return;
      }
      this.#restart = this.#startAgain(running, code);
    });
    await this.#options.afterStart?.();
  }

  async #startAgain(dead: Running, code: number): Promise<void> {
    const backoff = this.#options.backoffMilliseconds ?? defaultBackoff;
    // Its other processes would hold its ports.
    await dead.kill();
    let why = `has ended by itself (code ${code})`;
    while (this.#wanted) {
      const wait = backoff[Math.min(this.#deaths, backoff.length - 1)] ?? 1000;
      this.#deaths += 1;
      this.#options.say(`${this.name} ${why}: it is started again in ${wait / 1000} s.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (!this.#wanted) return;
      try {
        await this.#launch();
        this.#options.say(`${this.name} is back.`);
        return;
      } catch (error) {
        why = `could not be started again (${error instanceof Error ? error.message : String(error)})`;
      }
    }
  }
}
