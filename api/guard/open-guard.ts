import type { AppDeps } from "../context.ts";
import { createGuard, type Guard } from "./guard.ts";
import { recordAttack } from "./record-attack.ts";
import { guardSettings } from "./settings.ts";

/** The guard of a process, with the operator's settings; what it suspects is kept and told. */
export function openGuard(
  { redis, db, now, log, config }: Pick<AppDeps, "redis" | "db" | "now" | "log" | "config">,
): Guard {
  const settings = guardSettings(config.guard);
  const [key = ""] = config.session.keys;
  return createGuard({
    redis,
    now,
    log,
    settings,
    onSuspicion: async (suspicion) => {
      try {
        await recordAttack({ db, now, log, attacks: settings.attacks, key }, suspicion);
      } catch (error) {
        // The database is away; a minute later it is said again. No sign-in ends for it.
        log.error("guard.attack-not-recorded", { kind: suspicion.kind, error: (error as Error).name });
      }
    },
  });
}
