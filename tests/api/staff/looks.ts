/** What every screen must be: without a finding of axe, and a picture of it where pictures are kept (SHOTS=<directory>). */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = Deno.env.get("SHOTS");

export async function look(page: Page, name: string): Promise<void> {
  // Colours on their way are no colours yet.
  await page.evaluate(
    `Promise.allSettled(document.getAnimations().filter((one) =>
      Number.isFinite(one.effect?.getComputedTiming().endTime)).map((one) => one.finished)).then(() => {})`,
  );
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  await page.evaluate(axe);
  const found = await page.evaluate(
    `axe.run(document).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 160)).join(" | ")))`,
  );
  expect(found, name).toEqual([]);
}
