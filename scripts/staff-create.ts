/**
 * Gives an account of the operator's staff from the machine itself: the first administrator of a new platform, or the last
 * one's way back in. Everybody else is invited in the console. Run with the worker's environment, or a file of it:
 *
 *   deno task staff:create --login c.martin@operateur.example --given-name Camille --family-name Martin
 *
 * `--role` (may be repeated) is operator_administrator unless said otherwise. `--reset` with a login that is known voids its
 * factors and gives a new link. What is done stands in the trail, as any act.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../api/config.ts";
import type { Context } from "../api/context.ts";
import { inSystem } from "../api/database/in-tenant.ts";
import { createDatabase, createPool } from "../api/database/pool.ts";
import { Problem } from "../api/problems.ts";
import { createLog } from "../api/process.ts";
import { enrolmentUrl, findAccountByLogin, inviteStaff, resetStaff, staffInput } from "../api/staff/mod.ts";

const usage = `deno task staff:create --login NAME --given-name NAME --family-name NAME
  [--role operator_administrator|operator_support|auditor] [--reset] [--environment-file PATH]`;

interface Wish {
  readonly login: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly roles: readonly string[];
  readonly isReset: boolean;
}

/** The link of an account that is made or, for one not set up yet or with `isReset`, given anew. Throws what to say. */
export async function giveAccount(ctx: Context, baseUrl: string, wish: Wish): Promise<string> {
  const known = await inSystem(ctx, (tx) => findAccountByLogin(tx, wish.login.trim().toLowerCase()));
  if (known === undefined) {
    const parsed = staffInput.safeParse({
      login: wish.login,
      givenName: wish.givenName,
      familyName: wish.familyName,
      roles: wish.roles,
    });
    if (!parsed.success) {
      throw new Error(
        parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"),
      );
    }
    return enrolmentUrl(baseUrl, (await inviteStaff(ctx, parsed.data)).link);
  }
  if (known.status === "active" && !wish.isReset) {
    throw new Error(
      "The account is set up. Another administrator resets it in the console; --reset does it here.",
    );
  }
  const { link } = await resetStaff(ctx, { personId: known.person_id, reason: "staff:create" });
  return enrolmentUrl(baseUrl, link);
}

/** `NAME=value` lines, as systemd and containers read them. */
export function readEnvironmentFile(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      login: { type: "string" },
      "given-name": { type: "string" },
      "family-name": { type: "string" },
      role: { type: "string", multiple: true, default: ["operator_administrator"] },
      reset: { type: "boolean", default: false },
      "environment-file": { type: "string" },
    },
  });
  const file = values["environment-file"];
  const config = readConfig(
    file === undefined ? undefined : readEnvironmentFile(await readFile(file, "utf8")),
  );
  if (values.login === undefined) throw new Error(usage);
  const db = createDatabase(createPool(config.database));
  try {
    const actor = { kind: "system", job: "staff:create" } as const;
    const log = createLog("staff-create");
    const ctx = { db, actor, requestId: crypto.randomUUID(), now: () => new Date(), log };
    const url = await giveAccount(ctx, config.baseUrl, {
      login: values.login,
      givenName: values["given-name"] ?? "",
      familyName: values["family-name"] ?? "",
      roles: values.role,
      isReset: values.reset,
    });
    console.log(`Open this link within the hour, once, on the person's own machine:\n\n  ${url}\n`);
  } finally {
    await db.destroy();
  }
}

if (import.meta.main) {
  try {
    await run();
  } catch (error) {
    console.error(
      error instanceof Problem
        ? `${error.slug}: ${error.message}`
        : error instanceof Error
        ? error.message
        : error,
    );
    Deno.exit(1);
  }
}
