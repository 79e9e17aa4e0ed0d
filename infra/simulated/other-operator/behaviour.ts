/** How this operator misbehaves on demand. Everything is off unless the control port asked for it. */
import { z } from "zod";

export const stages = ["connect", "mail", "rcpt", "data"] as const;
export type Stage = typeof stages[number];

export const behaviourSchema = z.strictObject({
  /** Answers this code at this stage. `data` = after the whole message was read, which is then forgotten. */
  refuse: z.strictObject({
    stage: z.enum(stages),
    code: z.int().min(400).max(599),
    text: z.string().max(200).default("4.3.0 not now"),
  }).optional(),
  /** Waits before each answer at this stage. */
  slow: z.strictObject({ stage: z.enum(stages), milliseconds: z.int().min(1).max(60_000) }).optional(),
  /**
   * Cuts the connection: `mid-data` in the middle of the message (not kept), `before-answer` when it is kept but nobody has
   * been told so, `after-answer` right after the 250.
   */
  drop: z.enum(["mid-data", "before-answer", "after-answer"]).optional(),
  /** STARTTLS: offered by default; `none` hides it, `required` refuses MAIL in clear. */
  tls: z.enum(["offered", "none", "required"]).default("offered"),
  /** After so many refusals or drops the operator behaves again; without it, until told otherwise. */
  times: z.int().min(1).optional(),
});

export type Behaviour = z.infer<typeof behaviourSchema>;

export const goodBehaviour: Behaviour = { tls: "offered" };

/** Holds the behaviour in force and counts it down. */
export class Mood {
  #current: Behaviour = goodBehaviour;
  #left = Number.POSITIVE_INFINITY;

  get current(): Behaviour {
    return this.#current;
  }

  set(behaviour: Behaviour): void {
    this.#current = behaviour;
    this.#left = behaviour.times ?? Number.POSITIVE_INFINITY;
  }

  /** The refusal due at this stage, counted as given. */
  refusalAt(stage: Stage): { code: number; text: string } | undefined {
    const refuse = this.#current.refuse;
    if (refuse?.stage !== stage || !this.#spend()) return undefined;
    return refuse;
  }

  /** Whether to cut the connection at this point, counted as done. */
  dropsAt(point: NonNullable<Behaviour["drop"]>): boolean {
    return this.#current.drop === point && this.#spend();
  }

  async slowAt(stage: Stage): Promise<void> {
    const slow = this.#current.slow;
    if (slow?.stage === stage) await new Promise((resolve) => setTimeout(resolve, slow.milliseconds));
  }

  #spend(): boolean {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    return true;
  }
}
