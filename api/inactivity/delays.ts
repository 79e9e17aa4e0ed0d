import { addDays } from "../days.ts";

/**
 * When what happens to a box that nobody opens. The CNIL asked (AU-037) that it end after one year at most, always after a
 * notice that lets the holder object; nothing else is established, so every delay is a setting.
 */
export interface Delays {
  /** Days without anybody opening the box, after which its holder is noticed. */
  readonly noticeAfterDays: number;
  /** Days from the notice in which nothing happens to the box: the time to object. */
  readonly objectionDays: number;
  /** Days from the notice after which the box leaves the directory. */
  readonly depublishAfterDays: number;
  /** Days from the notice after which it is closed; its mail is then kept as for every closing. */
  readonly closeAfterDays: number;
}

/** What follows from a notice that was delivered at `noticedAt`. */
export function datesAfter(delays: Delays, noticedAt: Date) {
  return {
    objectUntil: addDays(noticedAt, delays.objectionDays),
    depublishAt: addDays(noticedAt, delays.depublishAfterDays),
    closeAt: addDays(noticedAt, delays.closeAfterDays),
  };
}

/** Which field breaks the order of things, if one does. */
export function checkDelays(
  delays: Delays,
): { readonly field: keyof Delays; readonly reason: string } | undefined {
  if (delays.depublishAfterDays < delays.objectionDays) {
    return { field: "depublishAfterDays", reason: "is before the end of the time to object" };
  }
  if (delays.closeAfterDays < delays.depublishAfterDays) {
    return { field: "closeAfterDays", reason: "is before the box leaves the directory" };
  }
  return undefined;
}
