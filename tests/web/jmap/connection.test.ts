import { describe, expect, test } from "vitest";
import { call, resultOf } from "../../../web/src/lib/jmap/call.ts";
import { Connection } from "../../../web/src/lib/jmap/connection.ts";
import { MethodError, RequestError, TransportError } from "../../../web/src/lib/jmap/errors.ts";
import { ScriptedBox, ScriptedJmap } from "../../support/scripted-jmap.ts";

function connect() {
  const box = new ScriptedBox("a@alpha.test", "a@alpha.test");
  const jmap = new ScriptedJmap(box);
  const connection = new Connection({ fetch: jmap.fetch, sessionUrl: "/jmap/session" });
  return { box, jmap, connection };
}

const echo = (connection: Connection, value: number) =>
  connection.call("Core/echo", { accountId: "a@alpha.test", value });

describe("the connection", () => {
  test("sends the calls of one tick in one request and gives each its own answer", async () => {
    const { jmap, connection } = connect();
    const answers = await Promise.all([1, 2, 3].map((value) => echo(connection, value)));
    expect(answers.map((one) => one["value"])).toEqual([1, 2, 3]);
    expect(jmap.served.filter(({ path }) => path === "/jmap/api")).toHaveLength(1);
  });

  test("never holds more calls in a request than the server announced", async () => {
    const { jmap, connection } = connect();
    jmap.limits.maxCallsInRequest = 4;
    await Promise.all(Array.from({ length: 11 }, (_, value) => echo(connection, value)));
    const sizes = jmap.served.filter(({ path }) => path === "/jmap/api").map(({ methods }) => methods.length);
    expect(sizes).toEqual([4, 4, 3]);
  });

  test("never has more than four requests under way", async () => {
    const { jmap, connection } = connect();
    jmap.limits.maxCallsInRequest = 1;
    await Promise.all(Array.from({ length: 20 }, (_, value) => echo(connection, value)));
    expect(jmap.served).toHaveLength(21);
    expect(jmap.mostInFlight).toBeLessThanOrEqual(4);
  });

  test("keeps the calls of a group together and resolves references between them", async () => {
    const { box, connection } = connect();
    const { id } = box.deliver({ subject: "Bonjour" });
    const [, [queried, got]] = await Promise.all([
      echo(connection, 1),
      connection.group(
        [
          call("Email/query", { accountId: box.accountId, filter: {} }),
          call("Email/get", { accountId: box.accountId, "#ids": resultOf(0, "Email/query", "/ids") }),
        ] as const,
      ),
    ]);
    expect(queried).toMatchObject({ ids: [id] });
    expect(got).toMatchObject({ list: [{ id, subject: "Bonjour" }] });
  });

  test("gives a failed call its error and its neighbours their answers", async () => {
    const { connection } = connect();
    const other = connection.call("Core/echo", { accountId: "nobody" });
    const mine = echo(connection, 5);
    await expect(other).rejects.toMatchObject({ name: "MethodError", type: "accountNotFound" });
    await expect(other).rejects.toBeInstanceOf(MethodError);
    expect((await mine)["value"]).toBe(5);
  });

  test.each([
    [401, "signed-out", false],
    [429, "busy", false],
    [503, "unavailable", true],
    [502, "unavailable", true],
    [500, "server", true],
  ])("tells a %i as %s, outcome unknown: %s", async (status, kind, isOutcomeUnknown) => {
    const { jmap, connection } = connect();
    await connection.session();
    jmap.failNext("*", { kind: "status", status });
    const error = await echo(connection, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ kind, isOutcomeUnknown, status });
  });

  test("tells a lost answer as offline with unknown outcome, and recovers with the next call", async () => {
    const { jmap, connection } = connect();
    await connection.session();
    jmap.failNext("Core/echo", { kind: "lose-answer" });
    await expect(echo(connection, 1)).rejects.toMatchObject({ kind: "offline", isOutcomeUnknown: true });
    expect((await echo(connection, 2))["value"]).toBe(2);
  });

  test("tells the refusal of a whole request by its type", async () => {
    const { jmap, connection } = connect();
    await connection.session();
    jmap.failNext("*", { kind: "status", status: 400, type: "urn:ietf:params:jmap:error:limit" });
    const error = await echo(connection, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ type: "urn:ietf:params:jmap:error:limit" });
  });

  test("asks for the session again after a failed attempt", async () => {
    const { jmap, connection } = connect();
    jmap.isDown = true;
    await expect(connection.session()).rejects.toMatchObject({ kind: "unavailable" });
    jmap.isDown = false;
    expect((await echo(connection, 3))["value"]).toBe(3);
  });
});
