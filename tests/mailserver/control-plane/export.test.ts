/** The archive of a box, from a real mail server: every message, also when the box is closing. */
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailServersAtHand, type Stack, startStack } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { type ControlPlane, deliver, elapsedUntil, openControlPlane } from "./platform.ts";

describe.each(mailServersAtHand())("the export of a box on %s", (mail) => {
  let stack: Stack;
  let plane: ControlPlane;

  beforeAll(async () => {
    stack = await startStack({ mail, hasEdge: true });
    plane = await openControlPlane(stack);
  });
  afterAll(async () => {
    await plane?.close();
    await stack?.stop();
  });

  const mailbox = async (id: string) => (await plane.send("GET", `/api/v1/mailboxes/${id}`)).body;
  const isApplied = async (id: string) => (await mailbox(id)).provisioning.status === "applied";
  const messagesOf = async (exportId: string): Promise<Map<string, string>> => {
    const path = `/api/v1/privacy/exports/${exportId}`;
    await until("the archive is ready", async () => {
      const { body } = await plane.send("GET", path);
      if (body.status === "failed") throw new Error(`the export failed: ${body.failure}`);
      return body.status === "ready";
    }, 40);
    const entries = await new ZipReader(new Uint8ArrayReader(await plane.download(`${path}/archive`)))
      .getEntries();
    const found = new Map<string, string>();
    for (const entry of entries) {
      if (entry.directory) continue;
      found.set(entry.filename, new TextDecoder().decode(await entry.getData(new Uint8ArrayWriter())));
    }
    return found;
  };
  const subjects = (files: Map<string, string>) =>
    [...files].filter(([name]) => name.endsWith(".eml")).map(([, text]) =>
      /^subject: (.*)$/im.exec(text)?.[1]?.trim()
    ).sort();

  it("holds every message of a box that is active, then of the same one while it is closing", async () => {
    const structure = await plane.newStructure();
    await plane.administer(structure.structureId);
    const box = await plane.newMailbox(structure);
    await elapsedUntil(() => isApplied(box.id), 10);
    for (const subject of ["premier", "second"]) expect(await deliver(stack, box.address, subject)).toBe(250);

    const ask = async () => {
      const answer = await plane.send("POST", `/api/v1/mailboxes/${box.id}/exports`, { reason: "Fermeture" });
      expect(answer.status).toBe(201);
      return await messagesOf(answer.body.id);
    };
    // A delivery that was answered with 250 may still be on its way through the stand-in's own MTA.
    await until("both messages are in the archive", async () => subjects(await ask()).length === 2, 30);

    const { address } = box;
    await plane.send("POST", `/api/v1/mailboxes/${box.id}/closing`, {
      reason: "Départ",
      confirmAddress: address,
    });
    await elapsedUntil(() => isApplied(box.id), 10);
    const files = await ask();
    expect(subjects(files)).toEqual(["premier", "second"]);
    const index = [...files].find(([name]) => name.endsWith("messages.json"))?.[1] ?? "[]";
    expect(JSON.parse(index)).toHaveLength(2);

    // Let in for the export alone: nobody else comes in, and the mail server has shut it again.
    await until("the mail server has shut the box again", async () => {
      const observed = await mailbox(box.id);
      return observed.provisioning.status === "applied" && observed.status === "closing";
    });
    expect(await plane.maySignIn(address)).toBe(false);
    expect(await deliver(stack, address, "refuse")).toBeGreaterThanOrEqual(400);
  });
});
