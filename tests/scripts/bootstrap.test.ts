/** scripts/bootstrap.sh, what of it needs no network. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { until } from "../support/until.ts";

const directory = mkdtempSync(`${tmpdir()}/bootstrap-`);
afterAll(() => rmSync(directory, { recursive: true }));

/** A shell that has sourced the bootstrap and prepares the same clone. */
function shell(script: string) {
  const child = spawn("bash", ["-euc", `. scripts/bootstrap.sh; local_directory=$0; ${script}`, directory]);
  let said = "";
  child.stdout.on("data", (piece) => said += piece);
  return { child, said: () => said };
}

test("two starts of a clone prepare it one after the other, and the second says what it waits for", async () => {
  const first = shell("prepare_alone; echo prepares; read -r; prepared; echo done; read -r");
  await until("the first prepares", () => first.said().includes("prepares"));
  const second = shell("prepare_alone; echo mine");
  await until("the second waits", () => second.said().includes("waiting for it"));
  expect(second.said()).not.toContain("mine");
  first.child.stdin.write("\n");
  await until("it is the second's turn", () => second.said().includes("mine"));
  first.child.stdin.end("\n");
});

test("a disk that is almost full, or too little memory, is said before anything is fetched", async () => {
  for (const [room, word] of [["999999999 0", "too full"], ["0 999999999", "too little memory"]] as const) {
    const { child } = shell(`require_room ${room}; echo went on`);
    let refusal = "";
    child.stderr.on("data", (piece) => refusal += piece);
    await until("it is refused", () => refusal.includes(word));
  }
});
