/**
 * All tests, run by Deno: `deno run -A npm:vitest run --project unit`, or `deno task test`.
 *
 * unit        no server of any kind: pure functions, the web's own code, the scripts
 * api         one private PostgreSQL and Redis for all; each file clones its own database (tests/support/database.ts)
 * mailserver  real mail servers, each file starts what it needs (tests/support/stack.ts)
 * journeys    the whole platform and a browser
 *
 * Whatever needs a mail server asks `mailServersAtHand()` and runs on each of them.
 */
import { createRequire } from "node:module";
import { availableParallelism, freemem } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/support/order.ts";

/** The Svelte compiler belongs to the web's package: modules `*.svelte.ts` hold runes. */
async function sveltePlugins() {
  try {
    const path = createRequire(new URL("./web/package.json", import.meta.url)).resolve(
      "@sveltejs/vite-plugin-svelte",
    );
    const { svelte } = await import(path);
    return [svelte({ configFile: false })];
  } catch {
    return []; // Modules are not installed for the web: its own tests then say so.
  }
}

const clusterSetup = "./tests/support/cluster.setup.ts";

/**
 * Files at once, of all projects together: one more than the machine has cores. Most files wait, for a mail server or a page (a
 * mail server's files alone keep half of the machine busy). A whole platform and a browser take somewhat over a gigabyte.
 */
const maxWorkers = Math.max(2, Math.min(availableParallelism() + 1, 4, Math.floor(freemem() / 1.2e9)));
const atOnce = { maxWorkers, sequence: { groupOrder: 0 } };

export default defineConfig({
  test: {
    pool: "forks", // The only pool that Deno runs.
    sequence: { shuffle: { files: false, tests: true }, sequencer: LongestFirst },
    projects: [
      {
        plugins: await sveltePlugins(),
        resolve: { conditions: ["browser"] },
        test: {
          name: "unit",
          include: ["tests/web/**/*.test.ts", "tests/scripts/*.test.ts", "tests/**/*.unit.test.ts"],
          testTimeout: 20_000,
          // A process serves several files, and its one browser with them (tests/web/browser.ts).
          isolate: false,
          ...atOnce,
        },
      },
      {
        test: {
          name: "api",
          include: [
            "tests/api/**/*.test.ts",
            "tests/simulated/**/*.test.ts",
            "tests/migrations/**/*.test.ts",
          ],
          exclude: ["**/*.unit.test.ts"],
          globalSetup: [clusterSetup],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // A process serves several files: to load the whole API for each costs as much as most of them take.
          isolate: false,
          ...atOnce,
        },
      },
      {
        test: {
          name: "mailserver",
          include: ["tests/mailserver/**/*.test.ts", "tests/scripts/start/*.test.ts"],
          exclude: ["**/*.unit.test.ts"],
          globalSetup: [clusterSetup],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          ...atOnce,
        },
      },
      {
        test: {
          name: "journeys",
          include: ["tests/journeys/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          ...atOnce,
        },
      },
    ],
  },
});
