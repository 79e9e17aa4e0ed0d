/// <reference lib="dom" />
/**
 * By which way somebody last signed in with this browser, so that the same one is at hand the next time. No name and no
 * secret: a machine is shared.
 */
import { signInUrl } from "#lib/api/session.ts";

export type Way = "card" | "phone" | "staff";
const key = "mss.way";

export function lastWay(): Way | undefined {
  const way = localStorage.getItem(key);
  return way === "card" || way === "phone" || way === "staff" ? way : undefined;
}

export function rememberWay(way: Way): void {
  localStorage.setItem(key, way);
}

/** Where a way in begins; unknown: where all of them stand. */
export function wayIn(way: Way | undefined, returnTo: string): string {
  if (way === "card") return signInUrl(returnTo);
  const step = way === "phone" ? "step=phone&" : way === "staff" ? "staff=&" : "";
  return `/sign-in?${step}returnTo=${encodeURIComponent(returnTo)}`;
}
