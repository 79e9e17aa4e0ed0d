import { describe, expect, it } from "vitest";
import type { Invocation } from "../../../api/jmap-gateway/request.ts";
import { outcomeOf, turnedAway, withVerdicts } from "../../../api/jmap-gateway/submission-outcome.ts";

const name = "EmailSubmission/set";
const end = (args: Record<string, unknown>, statuses: [string, unknown][] = []) =>
  outcomeOf("s", name, [[name, args, "0"]], new Map(statuses)).kind;
const refusal = (type: string, description?: string) => end({ notCreated: { s: { type, description } } });

describe("what the answer to a submission proves", () => {
  it("is acceptance when it was created", () => {
    expect(end({ created: { s: { id: "a" } } })).toBe("accepted");
    expect(
      end({ created: { s: { id: "a" } } }, [["a", {
        "x@y": { delivered: "queued", smtpReply: "250 2.1.5 OK" },
      }]]),
    )
      .toBe("accepted");
    expect(end({ created: { s: { id: "a" } } }, [["a", null]])).toBe("accepted");
  });

  it.each([
    ["forbiddenFrom", undefined],
    ["invalidRecipients", undefined],
    ["forbiddenToSend", "Server rejected DATA: 554 5.7.1 no"],
    ["forbiddenToSend", "5.7.1 this box may not send"],
    ["invalidProperties", undefined],
  ])("is refusal with %s %s", (type, description) => {
    expect(refusal(type, description)).toBe("refused");
  });

  it.each([
    ["serverFail", "Internal Error"],
    ["serverUnavailable", undefined],
    ["forbiddenToSend", "System I/O error"],
    ["forbiddenToSend", 'Enter message, ending with "." on a line by itself'],
    ["forbiddenToSend", "Server rejected DATA: 451 4.3.5 Unable to accept message at this time."],
    ["forbiddenMailFrom", "Server rejected MAIL-FROM: 451 4.3.5 Unable to accept message at this time."],
  ])("is nothing with %s %s", (type, description) => {
    expect(refusal(type, description)).toBe("lost");
  });

  it("is refusal when the whole call was refused, nothing when the server failed or said nothing of it", () => {
    const error = (type: string) => outcomeOf("s", name, [["error", { type }, "0"]], new Map()).kind;
    expect(error("stateMismatch")).toBe("refused");
    expect(error("serverFail")).toBe("lost");
    expect(end({})).toBe("lost");
    expect(outcomeOf("s", name, [], new Map()).kind).toBe("lost");
  });

  it("is refusal when every recipient was turned away, for now or for good", () => {
    const no = (smtpReply: string) => ({ delivered: "no", smtpReply });
    expect(turnedAway({ a: no("451 4.4.3 later"), b: no("550 5.1.2 none") })?.type).toMatch(
      /outcome-unknown$/,
    );
    expect(turnedAway({ a: no("550 5.1.2 Mailbox does not exist.") })).toMatchObject({
      type: "invalidRecipients",
      invalidRecipients: ["a"],
    });
    expect(turnedAway({ a: no("451 later"), b: { delivered: "queued", smtpReply: "250 OK" } }))
      .toBeUndefined();
    expect(turnedAway({})).toBeUndefined();
    expect(end({ created: { s: { id: "a" } } }, [["a", { x: no("451 4.4.3 later") }]])).toBe("refused");
  });
});

describe("the answer to the client", () => {
  it("holds our verdicts in place of the server's, and the server's for what we did not judge", () => {
    const responses: Invocation[] = [
      [name, {
        newState: "2",
        created: { a: { id: "1" } },
        notCreated: { c: { type: "x" } },
        updated: { u: null },
      }, "0"],
      ["Email/set", {}, "0"],
    ];
    const [answer, other] = withVerdicts(responses, name, {
      created: new Map([["r", {}]]),
      notCreated: new Map([["a", { type: "forbiddenFrom" }]]),
    });
    expect(answer).toEqual([name, {
      newState: "2",
      created: { r: { id: "already-sent" } },
      notCreated: { c: { type: "x" }, a: { type: "forbiddenFrom" } },
      updated: { u: null },
    }, "0"]);
    expect(other).toBe(responses[1]);
  });
});
