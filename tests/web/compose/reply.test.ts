import { expect, test } from "vitest";
import { startForward, startReply } from "../../../web/src/lib/compose/reply.ts";
import type { MessageContent } from "../../../web/src/lib/mail/types.ts";

const person = (email: string) => ({ name: null, email });
const words = { wrote: "Le 1er, B a écrit :", forwarded: "-----" };
const message: MessageContent = {
  id: "m1",
  messageId: ["m1@beta.test"],
  references: ["m0@beta.test"],
  inReplyTo: ["m0@beta.test"],
  from: [person("b@beta.test")],
  to: [person("A@alpha.test"), person("c@gamma.test")],
  cc: [person("d@delta.test"), person("b@beta.test")],
  bcc: [],
  replyTo: [],
  subject: "Avis",
  receivedAt: "2026-01-01T00:00:00Z",
  text: "Bonjour\n> avant",
  html: undefined,
  isTruncated: false,
  attachments: [{ blobId: "x", name: "a.pdf", type: "application/pdf", sizeBytes: 3 }],
  inlineParts: new Map(),
};
const options = { ownAddress: "a@alpha.test", isToAll: false };

test("an answer goes to the sender, quotes the text and continues the thread", () => {
  const start = startReply(message, "Bonjour\n> avant", words, options);
  expect(start.to).toEqual([person("b@beta.test")]);
  expect(start.cc).toEqual([]);
  expect(start.subject).toBe("Re: Avis");
  expect(start.text).toBe("\n\nLe 1er, B a écrit :\n> Bonjour\n>> avant\n");
  expect(start.inReplyTo).toEqual(["m1@beta.test"]);
  expect(start.references).toEqual(["m0@beta.test", "m1@beta.test"]);
  expect(start.attachments).toEqual([]);
});

test("an answer to all copies everybody else once, and never oneself", () => {
  const start = startReply(message, "", words, { ...options, isToAll: true });
  expect(start.cc).toEqual([person("c@gamma.test"), person("d@delta.test")]);
});

test("an answer to one's own message goes to its readers", () => {
  const start = startReply(
    { ...message, from: [person("a@alpha.test")], to: [person("b@beta.test")] },
    "",
    words,
    options,
  );
  expect(start.to).toEqual([person("b@beta.test")]);
});

test("Reply-To wins over From", () => {
  expect(startReply({ ...message, replyTo: [person("s@beta.test")] }, "", words, options).to).toEqual([
    person("s@beta.test"),
  ]);
});

test("a subject is prefixed once", () => {
  expect(startReply({ ...message, subject: "RE : Avis" }, "", words, options).subject).toBe("RE : Avis");
  expect(startForward({ ...message, subject: "Fwd: Avis" }, "", words).subject).toBe("Fwd: Avis");
});

test("a forwarded message takes its attachments along and names nobody", () => {
  const start = startForward(message, "Bonjour", words);
  expect(start.to).toEqual([]);
  expect(start.subject).toBe("Tr: Avis");
  expect(start.attachments).toEqual(message.attachments);
  expect(start.inReplyTo).toEqual([]);
});
