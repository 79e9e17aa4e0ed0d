import { chmod, writeFile } from "node:fs/promises";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { SmtpClient } from "../../support/smtp-client.ts";
import { type Stack, startStack } from "../../support/stack.ts";

let stack: Stack;
let directory: string;
const path = process.env["PATH"];

beforeAll(async () => {
  directory = await testDirectory("no-unshare");
  await writeFile(
    `${directory}/unshare`,
    "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n",
  );
  await chmod(`${directory}/unshare`, 0o755);
  process.env["PATH"] = `${directory}:${path}`;
  stack = await startStack({ mail: "cyrus", hasEdge: true, isSeeded: false });
});
afterAll(async () => {
  process.env["PATH"] = path;
  await stack?.stop();
  await removeTestDirectory(directory);
});

test("where Dovecot's paths cannot be hidden the platform runs without IMAP, and everything else of the edge is there", async () => {
  for (const part of ["edge-imap", "edge-nginx"] as const) expect(() => stack.part(part)).toThrow(/no part/);
  for (const part of ["edge-submission", "edge-software", "api"] as const) {
    expect(stack.part(part).running(), part).toBe(true);
  }
  expect((await fetch(`${stack.baseUrl}/health/ready`)).status).toBe(200);
  const client = await SmtpClient.secure(stack.edge.submission);
  expect(await client.say("NOOP")).toMatch(/^250/);
  client.close();
});
