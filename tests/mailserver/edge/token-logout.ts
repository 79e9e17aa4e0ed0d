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
    const [idle, busy, other, ofPassword] = await Promise.all([
      signIn(world, anne, way),
      signIn(world, anne, way),
      byTokenOf("session-that-stays").then((stays) => signIn(world, anne, stays)),
      signIn(world, anne, { kind: "login", secret: password.secret }),
    ]);
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
