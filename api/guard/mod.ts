/**
 * The guard of every way in that takes a secret: who fails again and again waits longer and longer.
 *
 * What is measured is the account from an address. The account alone only slows, for a second or three, whoever has never
 * succeeded from where he is: nobody can shut another out. An address alone is never measured, since a whole hospital may have one;
 * when many different accounts fail from it that is reported (spraying), and that is all.
 *
 * Kept in Redis, under digests. With Redis down everybody is admitted: what stays is the cost of each check itself.
 */
export { createGuard, type Guard, type GuardedAttempt, type Verdict } from "./guard.ts";
export {
  defaultGuardSettings,
  type Growth,
  type GuardSettings,
  type Way,
  type WaySettings,
} from "./settings.ts";
