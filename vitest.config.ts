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
import { defineConfig } from "vitest/config";

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

export default defineConfig({
  test: {
    pool: "forks", // The only pool that Deno runs.
    sequence: { shuffle: true },
    projects: [
      {
        plugins: await sveltePlugins(),
        resolve: { conditions: ["browser"] },
        test: {
          name: "unit",
          include: ["tests/web/**/*.test.ts", "tests/scripts/*.test.ts", "tests/**/*.unit.test.ts"],
          testTimeout: 20_000,
          // As many as the other projects: left alone, one core less than the machine has, which is one of two.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
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
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
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
          // Each file runs mail servers of its own: more than two at once on two cores starve each other.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "journeys",
          include: ["tests/journeys/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          maxWorkers: 2, // A browser and a whole platform each.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
