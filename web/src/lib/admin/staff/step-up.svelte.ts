/** Asks for a factor again where the API wants one, then does what was wanted. */
import { ApiProblem } from "#lib/api/api-problem.ts";
import { send, StaffProblem } from "#lib/staff/call.ts";
import type { Factors } from "#lib/staff/types.ts";

export class StepUp {
  /** What the dialog shows; undefined: it is not open. */
  asked = $state.raw<{ readonly factors: Factors | undefined }>();
  #settle: ((isShown: boolean) => void) | undefined;

  /** Runs `act`; when it needs a factor, asks for one and runs it again. False when the person gave up. */
  async run(act: () => Promise<unknown>): Promise<boolean> {
    for (;;) {
      try {
        await act();
        return true;
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.slug !== "factor-required") throw error;
      }
      if (!(await this.#ask())) return false;
    }
  }

  shown(isShown: boolean): void {
    this.asked = undefined;
    this.#settle?.(isShown);
  }

  async #ask(): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => (this.#settle = resolve));
    this.asked = { factors: await readFactors() };
    return await answer;
  }
}

/** One's own factors; undefined for who signs in at the provider. */
export async function readFactors(): Promise<Factors | undefined> {
  try {
    return await send<Factors>("GET", "factors");
  } catch (error) {
    if (error instanceof StaffProblem && error.status === 404) return undefined;
    throw error;
  }
}
