/** What a box hands over by JMAP: who it may be, what comes of it, and how it is found again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { elsewhere, hosted, type Stand, startStand } from "./stand.ts";
import {
  atOperator,
  inboxOf,
  type Invocation,
  jmap,
  jmapOne,
  rawAtOperator,
  submit,
  until,
} from "./traffic.ts";

let stand: Stand;
let anne: string;
let bob: string;
const alias = `contact@${hosted}`;
const partner = `gabriel.garnier@${elsewhere}`;

beforeAll(async () => {
  stand = await startStand();
  anne = await stand.addBox({ address: `anne@${hosted}`, aliases: [alias] });
  bob = await stand.addBox({ address: `bob@${hosted}` });
  for (const address of [anne, bob]) {
    await stand.driver.applyMailbox({
      address,
      displayName: "",
      quotaBytes: null,
      status: "active",
      sendAs: [],
    });
  }
});
afterAll(() => stand?.stop());

interface Outcome {
  readonly created?: Record<string, { id: string }>;
  readonly notCreated?: Record<string, { type: string; invalidRecipients?: string[]; description?: string }>;
}

interface Draft {
  readonly mailFrom?: string;
  readonly headerFrom?: string;
  readonly to: readonly string[];
  readonly messageId?: string;
  readonly attachment?: { blobId: string; size: number };
}

async function send(draft: Draft): Promise<Outcome> {
  const [folders] = await jmap(stand.driver, anne, [["Mailbox/get", { properties: ["role"] }, "0"]]);
  const { list } = folders?.[1] as { list: { id: string; role: string | null }[] };
  const folder = list.find(({ role }) => role === "drafts")?.id ?? "";
  const calls: Invocation[] = [
    ["Email/set", {
      create: {
        m: {
          mailboxIds: { [folder]: true },
          from: [{ email: draft.headerFrom ?? anne }],
          to: draft.to.map((email) => ({ email })),
          bcc: [{ email: `hidden@${hosted}` }],
          subject: "Compte rendu",
          messageId: [`${draft.messageId ?? crypto.randomUUID()}@test`],
          bodyValues: { t: { value: "Bonjour, é." } },
          textBody: [{ partId: "t", type: "text/plain" }],
          ...(draft.attachment === undefined ? {} : {
            attachments: [{ ...draft.attachment, type: "application/octet-stream", name: "scan.bin" }],
          }),
        },
      },
    }, "0"],
    ["EmailSubmission/set", {
      create: {
        s: {
          emailId: "#m",
          identityId: anne,
          envelope: {
            mailFrom: { email: draft.mailFrom ?? anne },
            rcptTo: draft.to.map((email) => ({ email })),
          },
        },
      },
    }, "1"],
  ];
  const answers = await jmap(stand.driver, anne, calls);
  expect(answers[0]?.[1]).not.toHaveProperty("notCreated.m");
  return answers[1]?.[1] as Outcome;
}

test("a mail submitted by JMAP arrives at a box and at the other operator, without its Bcc", async () => {
  expect(await send({ to: [bob, partner], messageId: "both" })).toHaveProperty("created.s");
  await until(() => inboxOf(stand.driver, bob), (ids) => ids.includes("both"));
  const { messages: [message] } = await until(() => atOperator(stand, "both"), ({ count }) => count === 1);
  expect(await rawAtOperator(stand, message?.id ?? 0)).not.toMatch(/^bcc:/im);
});

test("a box may write under its other address", async () => {
  expect(await send({ mailFrom: alias, headerFrom: alias, to: [bob], messageId: "as-alias" }))
    .toHaveProperty("created.s");
});

describe("the MTA itself refuses, whatever the gateway lets through", () => {
  test("another box's address in the envelope", async () => {
    expect(await send({ mailFrom: bob, to: [bob] })).toMatchObject({
      notCreated: { s: { type: "forbiddenMailFrom" } },
    });
  });
  test("another box's address in From", async () => {
    expect(await send({ headerFrom: bob, to: [bob] })).toMatchObject({
      notCreated: { s: { type: "forbiddenFrom" } },
    });
  });
  test("a recipient outside the trust space, by name", async () => {
    expect(await send({ to: [bob, "x@gmail.test"] })).toMatchObject({
      notCreated: { s: { type: "invalidRecipients", invalidRecipients: ["x@gmail.test"] } },
    });
  });
  test("a recipient that nobody is, by name", async () => {
    expect(await send({ to: [`nobody@${hosted}`] })).toMatchObject({
      notCreated: { s: { type: "invalidRecipients", invalidRecipients: [`nobody@${hosted}`] } },
    });
  });
  test("a box that was suspended meanwhile", async () => {
    await stand.setStatus(anne, "suspended");
    try {
      expect(await send({ to: [bob] })).toMatchObject({ notCreated: { s: { type: "forbiddenToSend" } } });
    } finally {
      await stand.setStatus(anne, "active");
    }
  });
});

test("while the directory is away nothing is sent, and the answer does not say that it is forbidden", async () => {
  await stand.setDirectory("down");
  try {
    expect(await send({ to: [bob], messageId: "no-directory" })).toMatchObject({
      notCreated: { s: { type: "serverFail" } },
    });
  } finally {
    await stand.setDirectory("up");
  }
  expect(await send({ to: [bob], messageId: "directory-again" })).toHaveProperty("created.s");
  await until(() => inboxOf(stand.driver, bob), (ids) => ids.includes("directory-again"));
});

test("an attachment of 25 MiB arrives whole", async () => {
  const size = 26_214_400;
  const bytes = new Uint8Array(size);
  for (let offset = 0; offset < size; offset += 65_536) {
    crypto.getRandomValues(bytes.subarray(offset, offset + 65_536));
  }
  const upload = await fetch(new URL(`/jmap/upload/${encodeURIComponent(anne)}/`, stand.driver.jmapUrl), {
    method: "POST",
    headers: {
      authorization: await stand.driver.authorization(anne),
      "content-type": "application/octet-stream",
    },
    body: bytes,
  });
  const { blobId } = await upload.json() as { blobId: string };
  expect(await send({ to: [bob, partner], messageId: "large", attachment: { blobId, size } }))
    .toHaveProperty("created.s");
  await until(() => inboxOf(stand.driver, bob), (ids) => ids.includes("large"), 40);
  await until(() => atOperator(stand, "large"), ({ count }) => count === 1, 40);
  const [, get] = await jmap(stand.driver, bob, [
    ["Email/query", { filter: { header: ["Message-ID", "large@test"] } }, "0"],
    ["Email/get", {
      "#ids": { resultOf: "0", name: "Email/query", path: "/ids" },
      properties: ["attachments", "messageId"],
    }, "1"],
  ]);
  const { list } = get?.[1] as { list: { messageId: string[]; attachments: { blobId: string }[] }[] };
  const received = list.find(({ messageId }) => messageId[0] === "large@test")?.attachments[0]?.blobId;
  const path = `/jmap/download/${
    encodeURIComponent(bob)
  }/${received}/scan.bin?accept=application/octet-stream`;
  const download = await fetch(new URL(path, stand.driver.jmapUrl), {
    headers: { authorization: await stand.driver.authorization(bob) },
  });
  expect(await digestOf(await download.bytes())).toBe(await digestOf(bytes));
});

test("an event announces a delivery within two seconds", async () => {
  const url = new URL("/jmap/eventsource/?types=*&closeafter=no&ping=0", stand.driver.jmapUrl);
  const abort = new AbortController();
  const stream = await fetch(url, {
    headers: { authorization: await stand.driver.authorization(bob) },
    signal: abort.signal,
  });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  const read = async (): Promise<string> => (await reader?.read())?.value ?? "";
  await submit(stand, { from: anne, to: bob, messageId: "announced" });
  const sentAt = Date.now();
  let seen = "";
  while (!/"Email"/.test(seen)) seen += await read();
  expect(Date.now() - sentAt).toBeLessThan(2000);
  abort.abort();
  await reader?.cancel().catch(() => undefined);
});

describe("findSubmission", () => {
  test("finds a mail that was accepted, by box and Message-ID", async () => {
    const since = new Date();
    await send({ to: [partner], messageId: "trace" });
    expect(await stand.driver.findSubmission(anne, "<trace@test>", since)).toBe("accepted");
    expect(await stand.driver.findSubmission(anne, "trace@test", since)).toBe("accepted");
  });
  test("does not take another box's mail, or an older one, for it", async () => {
    await send({ to: [bob], messageId: "old" });
    await until(() => inboxOf(stand.driver, bob), (ids) => ids.includes("old"));
    await new Promise((resolve) => setTimeout(resolve, 1100)); // The log's tolerance is one second.
    const since = new Date();
    expect(await stand.driver.findSubmission(anne, "old@test", since)).toBe("absent");
    expect(await stand.driver.findSubmission(bob, "old@test", new Date(since.getTime() - 60_000))).not.toBe(
      "accepted",
    );
  });
  test("says absent of a mail the MTA refused", async () => {
    const since = new Date();
    await send({ to: ["x@gmail.test"], messageId: "refused" });
    expect(await stand.driver.findSubmission(anne, "refused@test", since)).toBe("absent");
  });
  test("says unknown when the log does not reach back far enough", async () => {
    const longAgo = new Date(Date.now() - 24 * 60 * 60 * 1000);
    expect(await stand.driver.findSubmission(anne, "never-seen@test", longAgo)).toBe("unknown");
  });
});

test("the identity is the box's own address", async () => {
  const { list } = await jmapOne<{ list: { email: string }[] }>(stand.driver, anne, "Identity/get", {
    ids: null,
  });
  expect(list.map(({ email }) => email)).toEqual([anne]);
});

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
