import type { Context, PersonActor } from "../context.ts";
import { problem } from "../problems.ts";

/** The person who asks, in his own matters: software has none. Throws `sign-in-required`, `forbidden`. */
export function requirePerson(ctx: Context): PersonActor {
  if (ctx.actor.kind === "person") return ctx.actor;
  throw ctx.actor.kind === "service"
    ? problem("forbidden", { action: "own-data" })
    : problem("sign-in-required");
}
