/**
 * What the console exists for: an operator opens a structure in under two minutes; its administrator moves in with 200
 * boxes, lends one, suspends one and sees who did what; the administrator of another structure sees nothing of it.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mailServersAtHand, type Stack, startStack } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { identityProviderOrigin, startBrowser } from "../support/browser.ts";
import { Visitor } from "../support/visitor.ts";
import { moveIn } from "./administrator.ts";
import { closeAndReopen, makeReseller, newStructure, tendDomains, tryWebhook } from "./chores.ts";
import { addDevice, comeIn, isOut, takeAway } from "./devices.ts";
import { findNothing, hearNothing } from "./neighbour.ts";
import { openStructure } from "./operator.ts";
import { type Place, sitDown } from "./world.ts";

/** On one mail server, the product's own where it can be had: what differs between them, tests/mailserver plays on each. */
describe.each(mailServersAtHand().slice(-1))("a structure and its neighbour, on %s", (mail) => {
  let stack: Stack;
  let browser: Browser;
  let place: Place;

  beforeAll(async () => {
    stack = await startStack({ mail, hasEdge: true });
    browser = await startBrowser();
    place = { baseUrl: stack.baseUrl, identityProvider: await identityProviderOrigin(stack.baseUrl) };
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  }, 60_000);

  test("it is opened, filled with 200 boxes, looked after, and nobody next door sees any of it", async () => {
    const operator = await sitDown(browser, place, /Olivier OPERATEUR/);
    const structureId = await openStructure(operator);
    const { acts, seconds } = operator.hand;
    console.log(`opening a structure: ${acts.length} acts, ${Math.round(seconds)} s of a practised hand`);
    expect(acts.length).toBeLessThanOrEqual(12);
    expect(seconds).toBeLessThan(120);

    const administrator = await sitDown(browser, place, /Hélène HENRY/);
    const traces = await moveIn(administrator, structureId);
    const delegate = await Visitor.signIn(place.baseUrl, "bruno-bernard");
    await until("the delegate opens the box", async () => {
      const { accounts } = await delegate.jmapSession();
      return Object.values(accounts).some(({ name }) => name === traces.delegated);
    }, 60);

    const neighbour = await sitDown(browser, place, /Alice ADMIN/);
    await findNothing(neighbour, structureId, traces);
    await hearNothing(place.baseUrl, structureId, traces);

    expect([...operator.faults, ...administrator.faults, ...neighbour.faults]).toEqual([]);
  }, 600_000);

  test("its domains, its reseller's rights, a closed box and a webhook are looked after", async () => {
    const structureId = await newStructure(place);
    const operator = await sitDown(browser, place, /Olivier OPERATEUR/);
    await tendDomains(operator, structureId);
    await makeReseller(operator, structureId);
    await closeAndReopen(operator, structureId);
    await tryWebhook(operator, structureId);
    expect(operator.faults).toEqual([]);
  }, 300_000);

  test(
    "a person's telephone comes in by a password of its own until the administrator takes it away",
    async () => {
      const anne = await sitDown(browser, place, /Anne ALLARD/);
      const password = await addDevice(anne);
      const telephone = await comeIn(stack, password);
      const administrator = await sitDown(browser, place, /Alice ADMIN/);
      await takeAway(administrator);
      await isOut(stack, telephone, password);
      expect([...anne.faults, ...administrator.faults]).toEqual([]);
    },
    300_000,
  );
});
