import { describe, expect, it } from "vitest";
import { parseAddresses } from "../../../api/jmap-gateway/mail-addresses.ts";
import { messageIdOf, readHeader } from "../../../api/jmap-gateway/message-header.ts";
import { checkOriginators, headerRecipients } from "../../../api/jmap-gateway/originators.ts";

const own = new Set(["anne@alpha.test", "cabinet@alpha.test"]);
const header = (text: string) => {
  const fields = readHeader(new TextEncoder().encode(`${text}\r\n\r\nbody`), true);
  if (typeof fields === "string") throw new Error(fields);
  return fields;
};
const verdict = (text: string) =>
  checkOriginators(header(text), { box: own, person: new Set(), mayBeBox: true })?.type ?? "fine";

describe("an address list", () => {
  it.each([
    ["a@b.test", ["a@b.test"]],
    ["A <a@B.test>, <c@d.test>", ["a@b.test", "c@d.test"]],
    ['"Dr, A" <a@b.test>', ["a@b.test"]],
    ["=?utf-8?q?victim=40x.test?= <a@b.test>", ["a@b.test"]],
    ["a@b.test (victim@x.test)", ["a@b.test"]],
    ["Équipe (a (b)) : a@b.test, C <c@d.test>;", ["a@b.test", "c@d.test"]],
    ["undisclosed-recipients:;", []],
    ["", []],
    ['"a b"@c.test', ['"a b"@c.test']],
    ["Dr. A. Allard <a@b.test>", ["a@b.test"]],
    [" a@b.test,\r\n\tc@d.test", ["a@b.test", "c@d.test"]],
  ])("%j is read", (text, addresses) => {
    expect(parseAddresses(text)).toEqual(addresses);
  });

  it.each([
    "a@b.test c@d.test",
    "a@b.test <c@d.test>",
    "<a@b.test> <c@d.test>",
    "<@x.test:a@b.test>",
    "a@b.test>",
    "a@",
    "a@[127.0.0.1]",
    '"a',
    "(a",
    "just a name",
    "=?utf-8?q?a=40b.test?=",
    "g: a@b.test",
    "g: h: a@b.test;;",
    "a..b@c.test",
  ])("%j is not one", (text) => {
    expect(parseAddresses(text)).toBeUndefined();
  });
});

describe("a message's originators", () => {
  it.each([
    ["the box", "From: Anne <ANNE@alpha.test>"],
    ["an alias of the box", "From: cabinet@alpha.test"],
    ["two addresses of the box", "From: anne@alpha.test, cabinet@alpha.test\r\nSender: anne@alpha.test"],
    ["the box, folded", "From:\r\n anne@alpha.test"],
    ["a group of the box's addresses", "From: g: anne@alpha.test;"],
  ])("may be %s", (_, text) => {
    expect(verdict(text)).toBe("fine");
  });

  it.each([
    ["another address", "From: victim@beta.test"],
    ["another address beside the box", "From: anne@alpha.test, victim@beta.test"],
    ["another address in a group", "From: g: anne@alpha.test, victim@beta.test;"],
    ["an empty group", "From: g:;"],
    ["another Sender", "From: anne@alpha.test\r\nSender: victim@beta.test"],
    ["two From fields", "From: anne@alpha.test\r\nSubject: x\r\nfrom: victim@beta.test"],
    ["two From fields, both the box's", "From: anne@alpha.test\r\nFrom: anne@alpha.test"],
    ["a second From with a blank before its colon", "From: anne@alpha.test\r\nFrom : victim@beta.test"],
    ["two Sender fields", "From: anne@alpha.test\r\nSender: anne@alpha.test\r\nSender: anne@alpha.test"],
    ["another Resent-From", "From: anne@alpha.test\r\nResent-From: victim@beta.test"],
    ["no From", "Subject: x"],
    ["an encoded word for an address", "From: =?utf-8?q?anne=40alpha.test?="],
    ["an address that only looks like the box's", "From: anne@alpha.test.evil.test"],
    ["the box's address as a display name", "From: anne@alpha.test <victim@beta.test>"],
  ])("may not be %s", (_, text) => {
    expect(verdict(text)).toBe("forbiddenFrom");
  });
});

describe("a delegate's message", () => {
  const person = new Set(["zoe@alpha.test"]);
  const verdictOf = (text: string, mayBeBox: boolean) =>
    checkOriginators(header(text), { box: own, person, mayBeBox })?.type ?? "fine";

  it.each([
    [
      "from the box, sent by himself",
      "From: anne@alpha.test\r\nSender: Zoe <zoe@alpha.test>",
      "fine",
      "fine",
    ],
    ["from the box, as the box", "From: anne@alpha.test", "fine", "forbiddenFrom"],
    [
      "from the box, sent by the box",
      "From: anne@alpha.test\r\nSender: anne@alpha.test",
      "fine",
      "forbiddenFrom",
    ],
    [
      "from the box, sent by a third",
      "From: anne@alpha.test\r\nSender: x@alpha.test",
      "forbiddenFrom",
      "forbiddenFrom",
    ],
    ["from himself", "From: zoe@alpha.test\r\nSender: zoe@alpha.test", "forbiddenFrom", "forbiddenFrom"],
    [
      "from the box and himself",
      "From: anne@alpha.test, zoe@alpha.test\r\nSender: zoe@alpha.test",
      "forbiddenFrom",
      "forbiddenFrom",
    ],
    [
      "sent by two",
      "From: anne@alpha.test\r\nSender: zoe@alpha.test, zoe@alpha.test",
      "forbiddenFrom",
      "forbiddenFrom",
    ],
    [
      "from two addresses without Sender",
      "From: anne@alpha.test, cabinet@alpha.test",
      "forbiddenFrom",
      "forbiddenFrom",
    ],
    [
      "passed on by himself",
      "From: anne@alpha.test\r\nSender: zoe@alpha.test\r\nResent-From: anne@alpha.test\r\nResent-Sender: zoe@alpha.test",
      "fine",
      "fine",
    ],
    [
      "passed on as the box",
      "From: anne@alpha.test\r\nSender: zoe@alpha.test\r\nResent-From: anne@alpha.test",
      "fine",
      "forbiddenFrom",
    ],
  ])("%s", (_, text, asBox, onBehalf) => {
    expect([verdictOf(text, true), verdictOf(text, false)]).toEqual([asBox, onBehalf]);
  });
});

describe("a header section", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  it.each([
    ["a carriage return of its own", "From: a\rFrom: b\r\n\r\n", "bare-control"],
    ["a NUL", "From: a\0\r\n\r\n", "bare-control"],
    ["a line that is no field", "From a@b.test\r\nFrom: b\r\n\r\n", "not-a-header"],
    ["a fold before any field", " From: a\r\n\r\n", "not-a-header"],
  ])("with %s is refused", (_, text, fault) => {
    expect(readHeader(bytes(text), true)).toBe(fault);
  });

  it("that goes on after the bytes at hand is incomplete", () => {
    expect(readHeader(bytes("From: a\r\nX: y"), false)).toBe("incomplete");
  });

  it("ends at the first empty line: a From in the body is text", () => {
    expect(verdict("From: anne@alpha.test\r\n\r\nFrom: victim@beta.test")).toBe("fine");
  });

  it("gives the Message-ID, and none when there are two", () => {
    expect(messageIdOf(header("Message-ID: <1@x>"))).toBe("1@x");
    expect(messageIdOf(header("Message-ID: <1@x>\r\nMessage-ID: <2@x>"))).toBeUndefined();
    expect(messageIdOf(header("Message-ID: 1"))).toBeUndefined();
  });

  it("gives every recipient, also those of Bcc and of groups", () => {
    expect(headerRecipients(header("To: a@b.test\r\nCc: g: c@d.test;\r\nBcc: e@f.test")))
      .toEqual(["a@b.test", "c@d.test", "e@f.test"]);
    expect(headerRecipients(header("To: a@b.test c@d.test"))).toMatchObject({ type: "invalidEmail" });
  });
});
