/** The dated plan of an erasure, from the data map alone: pure. */
import { addDays } from "../days.ts";
import { type Category, dataMap } from "./data-map.ts";

/** Days, as the operator has set them. */
export interface RetentionDays {
  /** How long a plan may still be given up before anything of it is done. */
  readonly grace: number;
  /** How long the trail of acts is kept. */
  readonly trace: number;
  /** How long the mail of a closed box is kept. */
  readonly mail: number;
}

export interface PlannedStep {
  readonly category: string;
  readonly act: "erase" | "keep";
  /** When it is erased, or until when it is kept; null = without end. */
  readonly due_at: Date | null;
  readonly ground: string;
}

/** When the plan made at `madeAt` begins. */
export function beginOf(madeAt: Date, { grace }: RetentionDays): Date {
  return addDays(madeAt, grace);
}

/** One step per category, what goes first first. Dates count from the end of the time in which the plan may be given up. */
export function planSteps(madeAt: Date, days: RetentionDays): PlannedStep[] {
  const from = beginOf(madeAt, days);
  const later = (count: number | "trace" | "mail") =>
    addDays(from, typeof count === "number" ? count : days[count]);
  const steps = Object.entries(dataMap).map((
    [category, { onErasure, ground }]: [string, Category],
  ): PlannedStep =>
    onErasure.act === "erase" ? { category, act: "erase", due_at: later(onErasure.afterDays), ground } : {
      category,
      act: "keep",
      due_at: onErasure.untilDays === null ? null : later(onErasure.untilDays),
      ground,
    }
  );
  return steps.toSorted((a, b) => (a.due_at?.getTime() ?? Infinity) - (b.due_at?.getTime() ?? Infinity));
}
