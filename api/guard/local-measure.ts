/**
 * Counts in this process, for the time in which Redis is away: a secret that can be guessed must not become free to guess. Each
 * process counts what it sees; when Redis is back its counts hold again.
 */
import { boundOf, knownSeconds, type Measure, mostMembers, reportEverySeconds } from "./measure.ts";
import { everywhereFactor, type Growth, type GuardSettings } from "./settings.ts";

const nothing = { addresses: 0, accounts: 0, accountsBound: 1, everywhere: 0, everywhereBound: 1 };
/** Of each kind: what is the oldest goes first. */
const mostKept = 20_000;

export function createLocalMeasure(settings: GuardSettings): Measure {
  const pairs = new Kept<{ count: number; at: number }>();
  const accounts = new Kept<{ count: number }>();
  const trust = new Kept<true>();
  const failingAccounts = new Kept<Map<string, number>>();
  const failingAddresses = new Kept<Map<string, number>>();
  const known = new Kept<Map<string, number>>();
  const reported = new Kept<true>();
  const { sprayingSeconds, guessingSeconds, sprayedPercent } = settings.attacks;

  return {
    admit({ way, now, pair, account }) {
      const isCounted = way.counts === "attempts";
      const before = pairs.get(pair, now) ?? { count: 0, at: 0 };
      const needed = delay(before.count, way.pair);
      const waited = now - before.at;
      if (waited < needed) {
        return Promise.resolve({ refusedMilliseconds: Math.ceil(needed - waited), slowedMilliseconds: 0 });
      }
      if (needed > 0 || isCounted) {
        const count = before.count + (isCounted ? 1 : 0);
        pairs.set(pair, { count, at: now }, now, way.forgetSeconds);
      }
      const all = trust.get(pair, now) ? 0 : accounts.get(account, now)?.count ?? 0;
      return Promise.resolve({
        refusedMilliseconds: 0,
        slowedMilliseconds: Math.ceil(delay(all, way.account)),
      });
    },

    failed({ way, now, pair, account, address, everywhere }, isGuess) {
      const count = (pairs.get(pair, now)?.count ?? 0) + (way.counts === "attempts" ? 0 : 1);
      pairs.set(pair, { count, at: now }, now, way.forgetSeconds);
      accounts.set(account, { count: (accounts.get(account, now)?.count ?? 0) + 1 }, now, way.forgetSeconds);
      if (!isGuess || way.attack === null) return Promise.resolve(nothing);
      const bound = (where: string, least: number) =>
        boundOf(known.get(where, now)?.size ?? 0, least, sprayedPercent);
      const accountsBound = bound(address, way.attack.accounts);
      const found = {
        addresses: add(failingAddresses, account, address, now, guessingSeconds),
        accounts: add(failingAccounts, address, account, now, sprayingSeconds),
        accountsBound,
      };
      // What is an attack from its address is not counted among everybody's.
      if (found.accounts >= accountsBound) return Promise.resolve({ ...nothing, ...found });
      return Promise.resolve({
        ...found,
        everywhere: add(failingAccounts, everywhere, account, now, sprayingSeconds),
        everywhereBound: bound(everywhere, way.attack.accounts * everywhereFactor),
      });
    },

    succeeded({ now, pair, account, address, everywhere }) {
      pairs.delete(pair);
      trust.set(pair, true, now, settings.trustSeconds);
      for (const where of [address, everywhere]) {
        failingAccounts.get(where, now)?.delete(account);
        add(known, where, account, now, 2 * knownSeconds);
      }
      failingAddresses.get(account, now)?.delete(address);
      return Promise.resolve(true);
    },

    abandoned({ now, pair }) {
      const found = pairs.get(pair, now);
      if (found) found.count--;
      return Promise.resolve(true);
    },

    mayReport(what, now) {
      const isFirst = reported.get(what, now) === undefined;
      if (isFirst) reported.set(what, true, now, reportEverySeconds);
      return Promise.resolve(isFirst);
    },
  };
}

function delay(count: number, { free, firstSeconds, mostSeconds }: Growth): number {
  return count < free ? 0 : Math.min(mostSeconds, firstSeconds * 2 ** Math.min(count - free, 30)) * 1_000;
}

/** Notes a member of a set; answers how many were noted within the time. */
function add(
  sets: Kept<Map<string, number>>,
  key: string,
  member: string,
  now: number,
  seconds: number,
): number {
  const members = sets.get(key, now) ?? new Map<string, number>();
  members.delete(member);
  members.set(member, now);
  // A Map keeps the order of insertion: the first is the oldest.
  for (const [oldest, at] of members) {
    if (at > now - seconds * 1_000 && members.size <= mostMembers) break;
    members.delete(oldest);
  }
  sets.set(key, members, now, seconds);
  return members.size;
}

/** Values that end by themselves, and not too many of them. */
class Kept<T> {
  readonly #values = new Map<string, { readonly value: T; readonly until: number }>();

  get(key: string, now: number): T | undefined {
    const found = this.#values.get(key);
    return found !== undefined && found.until > now ? found.value : undefined;
  }

  set(key: string, value: T, now: number, seconds: number): void {
    this.#values.delete(key);
    this.#values.set(key, { value, until: now + seconds * 1_000 });
    if (this.#values.size > mostKept) this.#values.delete(this.#values.keys().next().value!);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}
