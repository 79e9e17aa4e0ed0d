/** An erasure in words: who, where it stands, what each step does. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Schemas } from "../client/client.ts";
import { dayOf } from "../ui/dates.ts";
import type { Tone } from "../ui/states.ts";

export type Erasure = Schemas["Erasure"];
export type Step = Schemas["ErasurePreview"]["steps"][number] & { readonly doneAt?: string | null };

export const erasureStates: Readonly<
  Record<Erasure["status"], { readonly text: () => string; readonly tone: Tone }>
> = {
  planned: { text: m.privacy_erasure_planned, tone: "warning" },
  running: { text: m.privacy_erasure_running, tone: "danger" },
  done: { text: m.privacy_erasure_done, tone: "good" },
  cancelled: { text: m.privacy_erasure_cancelled, tone: "plain" },
};

/** The name of whom an erasure is about; once it is erased, that it is. */
export function erasedName({ givenName, familyName }: Pick<Erasure, "givenName" | "familyName">): string {
  const name = `${givenName} ${familyName.toLocaleUpperCase("fr")}`.trim();
  return name === "" ? m.privacy_erasure_nameless() : name;
}

/** Whether a step of a plan that is not made yet would be done at once. */
export function isDue({ act, dueAt }: Step, now: number): boolean {
  return act === "erase" && dueAt !== null && Date.parse(dueAt) <= now;
}

/** What becomes of a category, and when. */
export function stepState(step: Step, isPreview: boolean, isCancelled: boolean, now: number) {
  const { act, dueAt, doneAt } = step;
  if (doneAt) return { text: m.privacy_step_erased({ date: dayOf(doneAt) }), tone: "good" as const };
  if (isCancelled) return { text: m.privacy_step_dropped(), tone: "plain" as const };
  if (act === "keep") {
    const text = dueAt === null ? m.privacy_step_keep_always() : m.privacy_step_keep({ date: dayOf(dueAt) });
    return { text, tone: "plain" as const };
  }
  if (isPreview && isDue(step, now)) return { text: m.privacy_step_now(), tone: "danger" as const };
  return { text: m.privacy_step_erase({ date: dayOf(dueAt) }), tone: "warning" as const };
}
