/**
 * The fault we would be ashamed of: a process dies at the wrong moment and a letter is lost, or arrives twice.
 *
 * Dr Allard writes without pause; each part of the platform in turn is killed with SIGKILL in the middle of it and started again.
 * Her client is the webmail's own code.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { mailServersAtHand, type PartName, type Stack, startStack } from "../../support/stack.ts";
import { type Box, isWorthRepeating, openBox, withMessageId } from "../support/mail.ts";
import { Visitor } from "../support/visitor.ts";
import { WebmailClient } from "../support/webmail-client.ts";

const sender = "anne.allard@alpha.mssante.test";
const recipient = "bruno.bernard@beta.mssante.test";
const victims: readonly PartName[] = ["api", "worker", "mail-server", "redis", "postgres"];
const messagesPerVictim = 12;
/** A part that is down is started again within seconds; a client that still fails after this has lost something. */
const patienceMilliseconds = 60_000;

/** Repeats `act` until it succeeds or fails for good. Waits on the platform's own answer, not on a guess of its duration. */
async function surely<T>(act: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMilliseconds;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isWorthRepeating(error) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe.each(mailServersAtHand())("a part killed at any moment, on %s", (mail) => {
  let stack: Stack;
  let anne: Visitor;
  let bruno: Visitor;
  let annesBox: Box;
  let brunosBox: Box;

  beforeAll(async () => {
    stack = await startStack({ mail });
    anne = await Visitor.signIn(stack.baseUrl, "anne-allard");
    bruno = await Visitor.signIn(stack.baseUrl, "bruno-bernard");
    annesBox = await surely(() => openBox(anne, sender));
    brunosBox = await surely(() => openBox(bruno, recipient));
  }, 180_000);
  afterAll(async () => await stack?.stop(), 60_000);
  // A test that failed between a kill and its start would fail all that follow.
  afterEach(async () => {
    for (const victim of victims) await stack.part(victim).start();
  }, 60_000);

  test.for(victims)(
    "killing %s loses no message, no draft, and doubles none",
    { timeout: 240_000 },
    async (victim) => {
      const client = new WebmailClient(anne, annesBox);
      const letters = Array.from(
        { length: messagesPerVictim },
        (_, index) => client.write(recipient, `Courrier ${index} pendant la panne`),
      );
      const mails = letters.map(({ content }) => content);
      const onlyDrafted = client.write(recipient, "Brouillon");

      let acknowledged = 0;
      let died: Promise<void> | undefined;
      const kill = async () => {
        await stack.part(victim).kill();
        await stack.part(victim).start();
      };
      // Four at a time, so that the kill falls on messages in every state.
      const waiting = [...letters];
      const writer = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          await client.saveSurely(next);
          await client.sendSurely(next);
          acknowledged++;
          if (acknowledged === 3) died = kill();
        }
      };
      await Promise.all([writer(), writer(), writer(), writer(), client.saveSurely(onlyDrafted)]);
      expect(died).toBeDefined();
      await died;

      for (const sent of mails) {
        await expect.poll(() => surely(() => withMessageId(bruno, brunosBox.accountId, sent.messageId)), {
          timeout: patienceMilliseconds,
          interval: 300,
          message: `${sent.subject} has arrived once`,
        }).toHaveLength(1);
      }
      for (const sent of mails) {
        expect(
          await surely(() => withMessageId(bruno, brunosBox.accountId, sent.messageId)),
          `${sent.subject} arrived once`,
        ).toHaveLength(1);
        // What of a letter's drafts could not be destroyed with its sending goes a little later.
        await expect.poll(() => surely(() => withMessageId(anne, annesBox.accountId, sent.messageId)), {
          timeout: patienceMilliseconds,
          interval: 300,
          message: `${sent.subject} is kept once by its author`,
        }).toHaveLength(1);
      }
      expect(
        await surely(() =>
          withMessageId(anne, annesBox.accountId, onlyDrafted.content.messageId, annesBox.drafts)
        ),
      ).toHaveLength(1);
    },
  );

  test.for(victims)(
    "killing %s while boxes are made makes each of them once, and all receive mail",
    { timeout: 180_000 },
    async (victim) => {
      const operator = await surely(() => Visitor.signIn(stack.baseUrl, "olivier-operateur"));
      const structures = await operator.json<{ items: { id: string; name: string }[] }>(
        "/api/v1/structures?limit=100",
      );
      const alpha = structures.items.find((one) => one.name.includes("Alpha"));
      const run = crypto.randomUUID().slice(0, 8);
      const made: string[] = [];
      let died: Promise<void> | undefined;
      for (let index = 0; index < 6; index++) {
        const address = `panne.${run}.${index}@alpha.mssante.test`;
        const key = crypto.randomUUID();
        await surely(() =>
          operator.json(`/api/v1/structures/${alpha!.id}/mailboxes`, {
            body: { address, type: "ORG", displayName: `Panne ${index}` },
            headers: { "idempotency-key": key },
          })
        );
        made.push(address);
        if (index === 1) died = stack.part(victim).kill().then(() => stack.part(victim).start());
      }
      await died;
      const listed = await surely(() =>
        operator.json<{ items: { address: string; provisioning: { status: string } }[] }>(
          `/api/v1/structures/${alpha!.id}/mailboxes?limit=100`,
        )
      );
      for (const address of made) {
        expect(listed.items.filter((one) => one.address === address)).toHaveLength(1);
      }
      await expect.poll(async () => {
        const { items } = await surely(() =>
          operator.json<{ items: { address: string; provisioning: { status: string } }[] }>(
            `/api/v1/structures/${alpha!.id}/mailboxes?limit=100`,
          )
        );
        return made.map((address) => items.find((one) => one.address === address)?.provisioning.status);
      }, { timeout: patienceMilliseconds, interval: 300 }).toEqual(made.map(() => "applied"));
    },
  );
});
