/** Measures what the gateway costs and says whether it stays within load/thresholds.ts. Exit code 1 when it does not. */
import { compare, type Comparison, ratios, type Target } from "./compare.ts";
import { provideK6, provideNginx } from "./install.ts";
import { measureStreams, measureUploads } from "./memory.ts";
import { startBareProxy } from "./nginx.ts";
import { thresholds } from "./thresholds.ts";
import { startWorld, type World } from "./world.ts";

const all = ["first-list", "echo", "upload", "streams"] as const;
type Part = typeof all[number];

const say = (sentence: string) => console.error(sentence);
const asked = Deno.args.filter((one): one is Part => (all as readonly string[]).includes(one));
const parts = new Set<Part>(asked.length === 0 ? all : asked);
const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
let isWithin = true;

function verdict(what: string, value: string, isKept: boolean, bound: string): void {
  isWithin &&= isKept;
  console.log(`${isKept ? "kept  " : "BROKEN"}  ${what}: ${value} (${bound})`);
}

function show(name: string, { gateway, other }: Comparison, otherName: string): void {
  for (const [who, figures] of [["gateway", gateway], [otherName, other]] as const) {
    const { p50, p95, p99, perSecond, failed } = figures;
    const times = [p50, p95, p99].map((ms) => ms.toFixed(2)).join(" / ");
    console.log(
      `        ${name}, ${who}: p50 / p95 / p99 ${times} ms, ${perSecond.toFixed(1)}/s, ${failed} failed`,
    );
  }
}

const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];

/** What the webmail asks first: folders and the first 50 messages of the inbox. */
function firstList(accountId: string, inbox: string): string {
  return JSON.stringify({
    using,
    methodCalls: [
      ["Mailbox/get", {
        accountId,
        properties: [
          "id",
          "name",
          "role",
          "parentId",
          "sortOrder",
          "totalEmails",
          "unreadEmails",
          "myRights",
        ],
      }, "0"],
      ["Email/query", {
        accountId,
        filter: { inMailbox: inbox },
        sort: [{ property: "receivedAt", isAscending: false }],
        limit: 50,
        calculateTotal: true,
      }, "1"],
      ["Email/get", {
        accountId,
        "#ids": { resultOf: "1", name: "Email/query", path: "/ids" },
        properties: [
          "id",
          "threadId",
          "mailboxIds",
          "keywords",
          "from",
          "subject",
          "receivedAt",
          "preview",
          "hasAttachment",
          "size",
        ],
      }, "2"],
    ],
  });
}

async function inboxOf(world: World): Promise<string> {
  const { url, headers } = gatewayTarget(world);
  const response = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify({
      using,
      methodCalls: [["Mailbox/get", { accountId: world.accountId, properties: ["role"] }, "0"]],
    }),
  });
  const [[, { list }]] = (await response.json()).methodResponses;
  return list.find((folder: { role: string }) => folder.role === "inbox").id;
}

const json = { "content-type": "application/json" };

function gatewayTarget({ baseUrl, cookie }: World): Target {
  return { url: `${baseUrl}/jmap/api`, headers: { ...json, cookie, origin: baseUrl } };
}

function straightTarget({ straight }: World): Target {
  return { url: straight.jmapUrl, headers: { ...json, authorization: straight.authorization } };
}

const k6 = await provideK6(say);
const nginx = parts.has("echo") ? await provideNginx(say) : "";
say("The platform starts and a box is filled");
const world = await startWorld(500, say);
try {
  if (parts.has("first-list")) {
    const body = firstList(world.accountId, await inboxOf(world));
    for (const users of [1, 2, 4]) {
      const result = await compare(k6, gatewayTarget(world), straightTarget(world), {
        body,
        users,
        rounds: 10,
        seconds: 2,
      });
      show(`first list, ${users} at once`, result, "straight");
      // With four both cores are full: that says how long the queue is, not what the gateway costs. Shown only.
      if (users > 2) continue;
      const { p95, throughput } = ratios(result);
      const { p95AtMost, throughputAtLeast } = thresholds.firstList;
      verdict(`first list, ${users} at once, p95`, p95.toFixed(3), p95 <= p95AtMost, `at most ${p95AtMost}`);
      verdict(
        `first list, ${users} at once, throughput`,
        throughput.toFixed(3),
        throughput >= throughputAtLeast,
        `at least ${throughputAtLeast}`,
      );
    }
  }
  if (parts.has("echo")) {
    const proxy = await startBareProxy(nginx, world);
    try {
      const body = JSON.stringify({
        using: using.slice(0, 1),
        methodCalls: [["Core/echo", { hello: "world" }, "0"]],
      });
      for (const users of [1, 4]) {
        const target = { url: proxy.url, headers: json };
        const result = await compare(k6, gatewayTarget(world), target, {
          body,
          users,
          rounds: 10,
          seconds: 2,
        });
        show(`echo, ${users} at once`, result, "nginx");
        const { p95 } = ratios(result);
        const { p95AtMost } = thresholds.echo;
        verdict(`echo, ${users} at once, p95`, p95.toFixed(3), p95 <= p95AtMost, `at most ${p95AtMost}`);
      }
    } finally {
      await proxy.stop();
    }
  }
  if (parts.has("upload")) {
    const { before, peak, added } = await measureUploads(world, 8);
    const { addedBytesAtMost } = thresholds.upload;
    verdict(
      "upload of 25 MiB, memory added",
      `${megabytes(added)} (${megabytes(before)} → ${megabytes(peak)})`,
      added <= addedBytesAtMost,
      `at most ${megabytes(addedBytesAtMost)}`,
    );
  }
  if (parts.has("streams")) {
    const { before, open, after, added, drift, events } = await measureStreams(world, 50, 20);
    const { addedBytesAtMost, driftBytesAtMost } = thresholds.streams;
    console.log(
      `        50 event streams: ${megabytes(before)} → ${megabytes(open)} → ${
        megabytes(after)
      }, ${events} events`,
    );
    verdict(
      "50 event streams, memory added",
      megabytes(added),
      added <= addedBytesAtMost,
      `at most ${megabytes(addedBytesAtMost)}`,
    );
    verdict(
      "50 event streams, drift in 20 s",
      megabytes(drift),
      drift <= driftBytesAtMost,
      `at most ${megabytes(driftBytesAtMost)}`,
    );
  }
} finally {
  await world.stop();
}
Deno.exit(isWithin ? 0 : 1);
