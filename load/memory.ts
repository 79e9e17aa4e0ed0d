/** Memory of the API process while bytes or events flow through it. */
import type { World } from "./world.ts";

async function sampled<T>(read: () => number, run: () => Promise<T>): Promise<{ peak: number; result: T }> {
  let peak = read();
  const timer = setInterval(() => {
    peak = Math.max(peak, read());
  }, 10);
  try {
    const result = await run();
    return { peak: Math.max(peak, read()), result };
  } finally {
    clearInterval(timer);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface UploadMemory {
  readonly before: number;
  readonly peak: number;
  readonly added: number;
}

/** Uploads `count` times 25 MiB, one after the other, after two that warm the process up. */
export async function measureUploads(world: World, count: number): Promise<UploadMemory> {
  const bytes = new Uint8Array(26_214_400);
  const upload = async () => {
    crypto.getRandomValues(bytes.subarray(0, 65_536));
    const response = await fetch(`${world.baseUrl}/jmap/upload/${encodeURIComponent(world.accountId)}/`, {
      method: "POST",
      headers: { cookie: world.cookie, origin: world.baseUrl, "content-type": "application/octet-stream" },
      body: bytes,
    });
    if (!response.ok) throw new Error(`upload: ${response.status}`);
    await response.body?.cancel();
  };
  for (let i = 0; i < 2; i++) await upload();
  await pause(500);
  const before = world.apiMemory();
  const { peak } = await sampled(world.apiMemory, async () => {
    for (let i = 0; i < count; i++) await upload();
  });
  return { before, peak, added: peak - before };
}

export interface StreamMemory {
  readonly before: number;
  /** With all streams open and fed once. */
  readonly open: number;
  /** After `seconds` of events. */
  readonly after: number;
  readonly added: number;
  readonly drift: number;
  readonly events: number;
}

/** Opens 50 event streams and changes the box again and again. */
export async function measureStreams(world: World, count: number, seconds: number): Promise<StreamMemory> {
  const headers = { cookie: world.cookie, origin: world.baseUrl };
  const abort = new AbortController();
  let events = 0;
  const change = async (i: number) => {
    const response = await fetch(`${world.baseUrl}/jmap/api`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({
        using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        methodCalls: [[
          "Mailbox/set",
          { accountId: world.accountId, create: { f: { name: `Dossier ${i}` } } },
          "0",
        ]],
      }),
    });
    await response.body?.cancel();
  };
  await change(-1);
  const before = world.apiMemory();
  for (let i = 0; i < count; i++) {
    const response = await fetch(`${world.baseUrl}/jmap/eventsource?types=*&closeafter=no&ping=0`, {
      headers,
      signal: abort.signal,
    });
    if (!response.ok) throw new Error(`eventsource: ${response.status}`);
    void (async () => {
      try {
        for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
          events += chunk.split("event: state").length - 1;
        }
      } catch {
        // Ended below.
      }
    })();
  }
  for (let i = 0; i < 20; i++) await change(i), await pause(100);
  const open = world.apiMemory();
  const until = Date.now() + seconds * 1000;
  for (let i = 20; Date.now() < until; i++) await change(i), await pause(100);
  const after = world.apiMemory();
  abort.abort();
  return { before, open, after, added: open - before, drift: after - open, events };
}
