import { expect, test } from "vitest";
import { createConnections } from "../../../api/edge/mod.ts";
import type { Proof } from "../../../api/edge/proof.ts";

const box = "00000000-0000-4000-8000-00000000000b";
const proof = (id: string, change: Partial<Proof> = {}): Proof => ({
  kind: "person",
  id,
  mailboxId: box,
  ...change,
});
const token = (seconds: number) => ({
  issuedAt: new Date(seconds * 1000),
  endsAt: new Date(seconds * 1000 + 1),
  sessionHash: null,
});

test("who has as many connections to a box as one may have gets no other, and everybody else does", () => {
  const connections = createConnections(() => new Date(0), 2);
  connections.saw([proof("anne", { token: token(1) })], new Date(0));
  expect(connections.admit(proof("anne", { token: token(2) }))).toBe(true);
  expect(connections.admit(proof("anne", { token: token(3) }))).toBe(false);
  expect(connections.admit(proof("claire"))).toBe(true);
  expect(connections.admit(proof("anne", { mailboxId: "another" }))).toBe(true);
  expect(connections.admit(proof("anne", { kind: "app-password" }))).toBe(true);
});

test("what a look no longer finds makes room, but for who has just been let in", () => {
  let time = 0;
  const connections = createConnections(() => new Date(time), 1);
  connections.saw([proof("anne")], new Date(time));
  expect(connections.admit(proof("anne"))).toBe(false);
  connections.saw([], new Date(time));
  expect(connections.admit(proof("anne"))).toBe(true);
  time = 100;
  connections.saw([], new Date(time));
  expect(connections.admit(proof("anne"))).toBe(false);
  time = 1_100;
  connections.saw([], new Date(time));
  expect(connections.admit(proof("anne"))).toBe(true);
});

test("where nobody has looked for long nobody is refused", () => {
  let time = 0;
  const connections = createConnections(() => new Date(time), 1);
  connections.saw([proof("anne")], new Date(time));
  time = 10_001;
  expect([1, 2, 3].map(() => connections.admit(proof("anne")))).toEqual([true, true, true]);
});
