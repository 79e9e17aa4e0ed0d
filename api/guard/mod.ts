/**
 * The guard of every way in that takes a secret: who fails again and again waits longer and longer.
 *
 * What is measured is the account from an address. The account alone only slows, for a second or three, whoever has never
 * succeeded from where he is: nobody can shut another out. An address alone is never measured, since a whole hospital may have one.
 *
 * Attacks are told and nobody is refused for them: `spraying`, many accounts failing, from one address or a few from each of many, and
 * `guessing`, one account failing from many addresses. Who mistypes and then succeeds is taken out again, and the more people have signed in from an
 * address lately the more may fail there, so that the morning of a hospital is none (settings.ts). An attack is one row, one act in the
 * trail and one alert however long it lasts; it is over when nothing has failed for a while.
 *
 * Counted in Redis, under digests. With Redis down each process counts for itself (local-measure.ts).
 */
export {
  attackKinds,
  createGuard,
  type Guard,
  type GuardDeps,
  type Suspicion,
  type Verdict,
} from "./guard.ts";
export type { GuardedAttempt } from "./measure.ts";
export { openGuard } from "./open-guard.ts";
export { listAttacks, type ListedAttackRow } from "./queries.ts";
export { type GuardSettings, guardSettings, type Way, ways } from "./settings.ts";
export { sweepAttacks } from "./sweep-attacks.ts";
export { tellOfAttack } from "./tell-of-attack.ts";
