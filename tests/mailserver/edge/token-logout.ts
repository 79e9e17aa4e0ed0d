/** A logout at Pro Santé Connect while a mail program is open, told as tests on a whole platform. */
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { anne, refusal, signIn, type Way, type World } from "./imap-world.ts";

export function logoutEndsTokenSessions(worldNow: () => World): void {
  test("a logout at Pro Santé Connect ends its session's mail programs within 5 s, idle or not, and no other", async () => {
    const world = worldNow();
    const byTokenOf = async (sid: string): Promise<Way> => ({
      kind: "token",
      mechanism: "XOAUTH2",
      token: await world.token("anne-allard", { claims: { sid } }),
    });
    const way = await byTokenOf("session-that-ends");
    const password = await world.appPassword("anne-allard", anne);
    // One after another: Stalwart sends away whoever comes at the very moment of a box's first sign-in.
    const idle = await signIn(world, anne, way);
    const busy = await signIn(world, anne, way);
    const other = await signIn(world, anne, await byTokenOf("session-that-stays"));
    const ofPassword = await signIn(world, anne, { kind: "login", secret: password.secret });
    await idle.mailboxOpen("INBOX");
    void idle.idle();
    expect(await busy.mailboxOpen("INBOX")).toBeTruthy();

    const answer = await fetch(`${world.stack.controls.proSanteConnect}/sign-outs`, {
      method: "POST",
      body: JSON.stringify({
        person: "anne-allard",
        names: "session",
        claims: { sid: "session-that-ends" },
        endsSessions: false,
        deliver: true,
      }),
    });
    expect(await answer.json()).toMatchObject({ delivered: 200 });
    await until("the mail programs of the session are out", () => !idle.usable && !busy.usable, 5);
    // The token is still active there, and opens nothing any more.
    expect((await refusal(signIn(world, anne, way))).line).toMatch(/^NO \[AUTHENTICATIONFAILED\]/);
    for (const stays of [other, ofPassword]) {
      expect(await stays.mailboxOpen("INBOX")).toBeTruthy();
      await stays.logout();
    }
  });
}
