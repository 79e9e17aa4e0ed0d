import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAccounts } from "../../../api/jmap-gateway/accounts.ts";
import { readEvents } from "../../../api/jmap-gateway/event-stream.ts";
import { createHub } from "../../../api/jmap-gateway/events-hub.ts";
import { createUpstream } from "../../../api/jmap-gateway/upstream.ts";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { type Client, message, using } from "./client.ts";
import { anne, secretariat, type Stage, startStage } from "./stage.ts";

/** An open event stream and what it has said. */
class Listening {
  readonly events: { event: string; data: string }[] = [];
  isOver = false;
  readonly #abort: AbortController;

  private constructor(readonly status: number, body: ReadableStream<Uint8Array>, abort: AbortController) {
    this.#abort = abort;
    void (async () => {
      try {
        for await (const event of readEvents(body)) this.events.push(event);
      } catch {
        // Cut off: over all the same.
      }
      this.isOver = true;
    })();
  }

  static async to(client: Client, query = "types=*&closeafter=no&ping=0"): Promise<Listening> {
    const abort = new AbortController();
    const response = await client.fetch(`/jmap/eventsource?${query}`, { signal: abort.signal });
    return new Listening(response.status, response.body!, abort);
  }

  /** Types that changed in this account so far. */
  typesOf(accountId: string): string[] {
    return this.events.filter(({ event }) => event === "state")
      .flatMap(({ data }) => Object.keys(JSON.parse(data).changed[accountId] ?? {}));
  }

  stop(): void {
    this.#abort.abort();
  }
}

describe.each(mailServersAtHand())("events through the gateway before %s", (kind) => {
  let stage: Stage;
  let own: string, shared: string;
  beforeAll(async () => {
    stage = await startStage(kind);
    own = await stage.anne.account(anne);
    shared = await stage.anne.account(secretariat);
  });
  afterAll(async () => {
    await stage?.stop();
  });

  const bring = (accountId: string, role = "inbox") =>
    stage.anne.importMessage(
      accountId,
      message({ From: anne, Subject: "x", "Message-ID": `<${crypto.randomUUID()}@x>` }),
      role,
    );
  /** Changes the box until the stream has heard it: an upstream stream opens a little after the browser's. */
  const heard = (stream: Listening, accountId: string, type = "Email") =>
    until(`a change of ${accountId}`, async () => {
      await bring(accountId);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return stream.typesOf(accountId).includes(type);
    }, 15);

  it("of every box of the person come in one stream, under the account's own id", async () => {
    const stream = await Listening.to(stage.anne);
    await heard(stream, own);
    await heard(stream, shared);
    stream.stop();
  });

  it("come in the types that were asked for, and the stream closes after the first when asked to", async () => {
    const stream = await Listening.to(stage.anne, "types=Email&closeafter=state&ping=0");
    // The one event may be of the other box: what an earlier test changed there can still be on its way.
    await until("the end of the stream", async () => {
      if (!stream.isOver) await bring(own);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return stream.isOver;
    }, 15);
    const states = stream.events.filter(({ event }) => event === "state");
    expect(states).toHaveLength(1);
    const changed: Record<string, object> = JSON.parse(states[0]!.data).changed;
    expect(new Set(Object.values(changed).flatMap((types) => Object.keys(types)))).toEqual(
      new Set(["Email"]),
    );
  });

  it("keep the line open with pings", async () => {
    const stream = await Listening.to(stage.anne, "types=*&closeafter=no&ping=1");
    await until("a ping", () => stream.events.some(({ event }) => event === "ping"), 8);
    expect(JSON.parse(stream.events.find(({ event }) => event === "ping")!.data)).toEqual({ interval: 5 });
    stream.stop();
  });

  it("refuse a query that is none", async () => {
    expect((await stage.anne.fetch("/jmap/eventsource?types=%0a")).status).toBe(422);
  });

  it("end with the session, without waiting for the next request", async () => {
    const person = await stage.signIn(stage.anne);
    const stream = await Listening.to(person);
    const other = await Listening.to(stage.anne);
    await stage.sql("update app.sessions set ended_at = now(), end_reason = 'signed-out' where id = $1", [
      person.sessionId,
    ]);
    await until("the end of the stream", () => stream.isOver, 5);
    expect(other.isOver).toBe(false);
    other.stop();
  });

  it("end at sign-out", async () => {
    const person = await stage.signIn(stage.anne);
    const stream = await Listening.to(person);
    const answer = await person.fetch("/auth/sign-out", { method: "POST" });
    await answer.body?.cancel();
    await until("the end of the stream", () => stream.isOver, 5);
  });

  it("end when a box of the stream is suspended, within five seconds", async () => {
    const stream = await Listening.to(stage.anne);
    const bystander = await Listening.to(stage.bruno);
    await stage.sql("update app.mailboxes set status = 'suspended' where address = $1", [secretariat]);
    try {
      await until("the end of the stream", () => stream.isOver, 5);
      expect(bystander.isOver).toBe(false);
    } finally {
      await stage.sql("update app.mailboxes set status = 'active' where address = $1", [secretariat]);
      await expect.poll(async () => Object.keys((await stage.anne.session()).accounts).length, {
        timeout: 5000,
      }).toBe(2);
      bystander.stop();
    }
  });

  it("share one stream to the mail server per box, which ends with the last listener", async () => {
    const upstream = createUpstream(stage.mailServer);
    const accounts = createAccounts({
      upstream,
      now: () => Date.now(),
      listOpenableBoxes: () =>
        Promise.resolve([{
          id: "1",
          structureId: "1",
          address: anne,
          displayName: "",
          type: "PER",
          relation: "holder",
          rights: { write: true, sendAs: true, sendOnBehalf: true },
          until: null,
          structureName: "",
        }]),
    });
    const boxes = await accounts.boxesOf("p");
    const hub = createHub({
      upstream,
      readRights: () =>
        Promise.resolve({ openSessions: new Set(["s"]), boxes: new Map([["p", new Set(["1"])]]) }),
    });
    let notified = 0;
    const leave = Array.from(
      { length: 50 },
      () =>
        hub.listen({
          personId: "p",
          sessionId: "s",
          boxes,
          types: null,
          notify: () => notified++,
          close() {},
        }),
    );
    expect(hub.counts()).toEqual({ listeners: 50, streams: 1 });
    await until("fifty notifications", async () => {
      await bring(own);
      return notified >= 50;
    });
    for (const one of leave) one();
    expect(hub.counts()).toEqual({ listeners: 0, streams: 0 });
  });

  describe("over WebSocket", () => {
    // deno-lint-ignore no-explicit-any -- messages are looked into field by field
    type Message = Record<string, any>;
    async function open(client: Client, headers: Record<string, string> = {}) {
      const url = `${stage.baseUrl.replace("http", "ws")}/jmap/ws`;
      const options = {
        protocols: ["jmap"],
        headers: { cookie: client.cookie, origin: stage.baseUrl, ...headers },
      };
      const socket = new WebSocket(url, options as unknown as string[]);
      const messages: Message[] = [];
      let closeCode: number | undefined;
      socket.onmessage = ({ data }) => void messages.push(JSON.parse(data));
      socket.onclose = ({ code }) => {
        closeCode = code;
      };
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error("no socket"));
      });
      const answerTo = (requestId: string) =>
        until(
          `an answer to ${requestId}`,
          () => messages.find((one) => one["requestId"] === requestId),
        );
      return { socket, messages, answerTo, closeCode: () => closeCode };
    }

    it("requests are answered as over HTTP", async () => {
      const { socket, answerTo } = await open(stage.anne);
      expect(socket.protocol).toBe("jmap");
      const request = (id: string, accountId: string) =>
        socket.send(JSON.stringify({
          "@type": "Request",
          id,
          using,
          methodCalls: [["Mailbox/get", { accountId, ids: [] }, "0"]],
        }));
      request("a", own);
      request("b", "zzzz");
      socket.send('{"@type":"Request","id":"c","using":[]}');
      socket.send("{");
      expect(await answerTo("a")).toMatchObject({
        "@type": "Response",
        methodResponses: [["Mailbox/get", { accountId: own }, "0"]],
        sessionState: (await stage.anne.session()).state,
      });
      expect((await answerTo("b"))["methodResponses"][0]).toEqual([
        "error",
        { type: "accountNotFound" },
        "0",
      ]);
      expect(await answerTo("c")).toMatchObject({
        "@type": "RequestError",
        type: "urn:ietf:params:jmap:error:notRequest",
      });
      socket.close();
    });

    it("changes are pushed from when they are asked for until they are not", async () => {
      const { socket, messages } = await open(stage.anne);
      const pushed = () => messages.filter((one) => one["@type"] === "StateChange");
      socket.send(JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes: ["Email"] }));
      await until("a StateChange", async () => {
        await bring(own);
        await new Promise((resolve) => setTimeout(resolve, 200));
        return pushed().some((one) => own in one["changed"]);
      }, 15);
      const types = pushed().flatMap((one) =>
        Object.values(one["changed"]).flatMap((states) => Object.keys(states!))
      );
      expect(new Set(types)).toEqual(new Set(["Email"]));
      socket.close();
    });

    it("ends with the session", async () => {
      const person = await stage.signIn(stage.anne);
      const { closeCode } = await open(person);
      await stage.sql("update app.sessions set ended_at = now(), end_reason = 'signed-out' where id = $1", [
        person.sessionId,
      ]);
      await until("the close", () => closeCode() !== undefined, 5);
      expect(closeCode()).toBe(1008);
    });

    it("is refused to another site's page", async () => {
      await expect(open(stage.anne, { origin: "https://evil.test" })).rejects.toThrow();
    });
  });

  describe("when the mail server is killed", () => {
    it("requests say so with Retry-After, streams stay and tell the states once it is back", async () => {
      const stream = await Listening.to(stage.anne);
      await heard(stream, own);
      const request = () =>
        stage.anne.post(
          JSON.stringify({ using, methodCalls: [["Mailbox/get", { accountId: own, ids: [] }, "0"]] }),
        );
      await stage.killMail();
      const response = await request();
      expect(response.status).toBe(503);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await response.json()).type).toMatch(/mail-server-unavailable$/);
      const upload = await stage.anne.upload(own, "x");
      expect(upload.status).toBe(503);
      await upload.body?.cancel();
      expect(stream.isOver).toBe(false);

      const before = stream.events.length;
      await stage.launchMail();
      await until("a request that works", async () => {
        const again = await request();
        await again.body?.cancel();
        return again.status === 200;
      }, 20);
      await until(
        "the states after the reconnection",
        () =>
          stream.events.slice(before).some(({ data }) => "Email" in (JSON.parse(data).changed[own] ?? {})),
        30,
      );
      await heard(stream, shared);
      stream.stop();
    });
  });
});
