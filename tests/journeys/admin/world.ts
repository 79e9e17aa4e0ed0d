/** What the acts of this journey share: the names, and a signed-in page of somebody. */
import type { Browser, Page } from "playwright-core";
import { openProfile, signInAs } from "../support/browser.ts";
import { Hand } from "./hand.ts";
import { desktop } from "./looks.ts";

/** The structure that is opened, and who will administer it: of the simulated Pro Santé Connect, unknown to the platform. */
export const tilleuls = {
  name: "EHPAD Les Tilleuls",
  siret: "552 100 554 00013",
  domain: "tilleuls.mssante.test",
  administrator: { rpps: "99900000045", givenName: "Hélène", familyName: "HENRY" },
} as const;

export interface Desk {
  readonly page: Page;
  readonly hand: Hand;
  /** What the page's own code threw, and what it asked of other hosts. */
  readonly faults: string[];
}

/** A profile of its own in which that person has signed in and stands before the mail. */
export async function sitDown(browser: Browser, stack: Place, name: RegExp): Promise<Desk> {
  const { context, foreign } = await openProfile(browser, [stack.baseUrl, stack.identityProvider]);
  const page = await context.newPage();
  await page.setViewportSize(desktop);
  page.on("pageerror", (error) => foreign.push(error.message));
  await signInAs(page, stack.baseUrl, name);
  return { page, hand: new Hand(page), faults: foreign };
}

export interface Place {
  readonly baseUrl: string;
  /** Its public origin. */
  readonly identityProvider: string;
}
