/**
 * Verifies the audit trail: every chain, or one, against itself and against the anchors outside the database. Reads only;
 * the platform may run meanwhile. Exit code 0: whole · 1: something is wrong, each place is named · 2: could not be verified.
 *
 *   deno task audit:verify [--structure <id>|operator] [--apart] [--anchors <directory>] [--url <postgres URL> --password-file <path>]
 *
 * `--apart` hashes every row here instead of having the database do it but for some pages: more than twice the work.
 *
 * Without options the database and the anchors are those of the worker's environment (MSS_DATABASE_URL,
 * MSS_DATABASE_PASSWORD_FILE, MSS_AUDIT_ANCHOR_DIRECTORY).
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { describeFault, operatorChain, readAnchors, verifyTrail } from "../api/audit/mod.ts";
import { createDatabase, createPool } from "../api/database/pool.ts";

const { values } = parseArgs({
  options: {
    structure: { type: "string" },
    apart: { type: "boolean", default: false },
    anchors: { type: "string" },
    url: { type: "string" },
    "password-file": { type: "string" },
  },
});

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new Error(`${name} is missing`);
  return value;
}

async function main(): Promise<number> {
  const url = required("--url", values.url ?? Deno.env.get("MSS_DATABASE_URL"));
  const file = required(
    "--password-file",
    values["password-file"] ?? Deno.env.get("MSS_DATABASE_PASSWORD_FILE"),
  );
  const directory = values.anchors ?? Deno.env.get("MSS_AUDIT_ANCHOR_DIRECTORY");
  const chain = values.structure === "operator" ? operatorChain : values.structure;
  const password = (await readFile(file, "utf8")).trimEnd();
  const db = createDatabase(createPool({ url, password, poolSize: 3 }));
  try {
    const { byChain, unreadable } = directory === undefined
      ? { byChain: new Map(), unreadable: [] }
      : await readAnchors(directory);
    const begun = performance.now();
    const { chains, rows, faults } = await verifyTrail({ db }, {
      anchors: byChain,
      chain,
      isApart: values.apart,
    });
    const seconds = (performance.now() - begun) / 1000;
    for (const { file, line } of unreadable) console.log(`${file}:${line}: not an anchor`);
    for (const fault of faults) console.log(describeFault(fault));
    const anchors = [...byChain.values()].reduce((sum, some) => sum + some.length, 0);
    console.log(
      `${rows} rows in ${chains} chains against ${anchors} anchors in ${seconds.toFixed(1)} s (${
        Math.round(rows / seconds)
      } per second): ${faults.length + unreadable.length === 0 ? "whole" : "NOT WHOLE"}`,
    );
    if (directory === undefined) {
      console.log("Without anchors a chain that was cut or written anew as a whole may look whole.");
    }
    return faults.length + unreadable.length === 0 ? 0 : 1;
  } finally {
    await db.destroy();
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error(`The trail could not be verified: ${error instanceof Error ? error.message : error}`);
  Deno.exit(2);
}
