/** Each screen that a journey comes to is looked at on a desktop, in the dark and on a phone: axe finds nothing, nothing sticks out. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { look } from "../../web/screens.ts";

export const desktop = { width: 1280, height: 800 };
const forms = [
  { name: "desktop", size: desktop, colorScheme: "light" },
  { name: "dark", size: desktop, colorScheme: "dark" },
  { name: "phone", size: { width: 390, height: 844 }, colorScheme: "light" },
] as const;

/** Leaves the page on a desktop, by day. SHOTS=<directory> keeps pictures. */
export async function lookAround(page: Page, screen: string): Promise<void> {
  for (const { name, size, colorScheme } of forms) {
    await take(page, size, colorScheme);
    await look(page, `${screen}-${name}`);
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overhang, `${screen}, ${name}: pixels that stick out to the right`).toBeLessThanOrEqual(0);
  }
  await take(page, desktop, "light");
}

async function take(page: Page, size: typeof desktop, colorScheme: "light" | "dark"): Promise<void> {
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme });
  // Drawn anew, and whatever moves has come to its end: axe measures colours as they are at that moment.
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const moving = document.getAnimations().filter(({ effect }) =>
      Number.isFinite(effect?.getComputedTiming().endTime)
    );
    await Promise.allSettled(moving.map(({ finished }) => finished));
  });
}
