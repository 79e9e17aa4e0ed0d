/** The two real mail servers behind the edge's submission, each as its own suite starts it. */
import type { SubmissionStore } from "../../../mailserver/edge/submission/launch.ts";
import type { Address } from "../../../scripts/stack/part.ts";
import { mailServersAtHand } from "../../support/stack.ts";
import { startStand } from "../cyrus/stand.ts";
import { atOperator, inboxOf } from "../cyrus/traffic.ts";
import { openBox } from "../stalwart/clients.ts";
import { startWorld } from "../stalwart/world.ts";

export interface Backend {
  readonly store: SubmissionStore;
  readonly bounces: Address;
  addBox(address: string, aliases?: readonly string[]): Promise<void>;
  /** Message-IDs of all mails in the box, each as often as it is there; of a notice, its subject. */
  messageIds(box: string): Promise<string[]>;
  /** Whether the other operator has it. */
  isOutside(messageId: string): Promise<boolean>;
  kill(): Promise<void>;
  relaunch(): Promise<void>;
  stop(): Promise<void>;
}

export const backends: Record<string, () => Promise<Backend>> = Object.fromEntries(
  mailServersAtHand().map((kind) => [kind, kind === "cyrus" ? cyrus : stalwart]),
);

async function stalwart(): Promise<Backend> {
  const world = await startWorld();
  const { edge } = world.server;
  const apply = (address: string, aliases: readonly string[]) =>
    world.driver.applyMailbox({
      address,
      displayName: "",
      quotaBytes: null,
      status: "active",
      sendAs: [...aliases],
    });
  return {
    store: { kind: "stalwart", address: edge.submission, receipts: edge.receipts, service: edge },
    bounces: edge.relay,
    addBox: async (address, aliases = []) => {
      await world.addBox(address, undefined, aliases);
      await apply(address, aliases);
      await openBox(world, address);
    },
    messageIds: async (address) => {
      const box = await openBox(world, address);
      const [query] = await box.call(["Email/query", { accountId: box.accountId }]);
      const [emails] = await box.call(["Email/get", {
        accountId: box.accountId,
        ids: query!["ids"],
        properties: ["messageId", "subject"],
      }]);
      const list = emails!["list"] as { messageId: string[] | null; subject: string }[];
      return list.map(({ messageId, subject }) => messageId?.[0]?.replace(/@test$/, "") ?? subject);
    },
    isOutside: (id) => Promise.resolve(world.border.mails.some(({ data }) => data.includes(`<${id}@test>`))),
    kill: () => world.server.kill(),
    relaunch: () => world.launchAgain(),
    stop: () => world.stop(),
  };
}

async function cyrus(): Promise<Backend> {
  const stand = await startStand();
  const { edge } = stand.mail;
  const apply = (address: string) =>
    stand.driver.applyMailbox({ address, displayName: "", quotaBytes: null, status: "active", sendAs: [] });
  return {
    store: { kind: "cyrus", address: edge.submission },
    bounces: edge.relay,
    addBox: async (address, aliases = []) => {
      await stand.addBox({ address, aliases });
      await apply(address);
    },
    messageIds: (address) => inboxOf(stand.driver, address),
    isOutside: async (id) => (await atOperator(stand, id)).count > 0,
    kill: () => stand.mail.kill(),
    relaunch: () => stand.relaunch(),
    stop: () => stand.stop(),
  };
}
