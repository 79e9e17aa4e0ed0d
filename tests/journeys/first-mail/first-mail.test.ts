/**
 * The journey that the platform exists for: Dr Allard writes to Dr Bernard with a heavy document; he sees it arrive without asking,
 * reads it in his usual mail client, answers from it, and she sees the answer arrive.
 */
import { Buffer } from "node:buffer";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBox, readInbox } from "../../support/mail-program.ts";
import { mailServersAtHand, requireProgram, type Stack, startStack } from "../../support/stack.ts";
import { identityProviderOrigin, openProfile, signInAs, startBrowser } from "../support/browser.ts";
import { until } from "../../support/until.ts";

const anne = "anne.allard@alpha.mssante.test";
const bruno = "bruno.bernard@beta.mssante.test";
const documentBytes = 20 * 1024 * 1024;
const arrivalMilliseconds = 30_000;

describe.each(mailServersAtHand())("a letter and its answer, on %s", (mail) => {
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    stack = await startStack({ mail, hasEdge: true });
    browser = await startBrowser();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  }, 60_000);

  /** A signed-in webmail in a profile of its own, and what it asked of hosts that are not the platform's. */
  async function open(name: RegExp): Promise<{ page: Page; foreign: string[] }> {
    const providers = [stack.baseUrl, await identityProviderOrigin(stack.baseUrl)];
    const { context, foreign } = await openProfile(browser, providers);
    const page = await context.newPage();
    await signInAs(page, stack.baseUrl, name);
    await page.getByRole("button", { name: "Écrire" }).first().waitFor();
    return { page, foreign };
  }

  test(
    "20 MB go from one doctor to the other, are read by IMAP, and the answer by SMTP appears by itself",
    async () => {
      const sender = await open(/Anne ALLARD/i);
      const reader = await open(/Bruno BERNARD/i);
      const subject = `Compte rendu ${crypto.randomUUID().slice(0, 8)}`;
      const document = Buffer.alloc(documentBytes);
      for (let at = 0; at < documentBytes; at += 65_536) {
        crypto.getRandomValues(document.subarray(at, at + 65_536));
      }

      await sender.page.getByRole("button", { name: "Écrire" }).first().click();
      await sender.page.getByLabel("À", { exact: true }).fill(`${bruno},`);
      await sender.page.getByLabel("Objet").fill(subject);
      await sender.page.getByLabel("Texte du message").fill(
        "Cher confrère,\n\nVeuillez trouver le document ci-joint.\n",
      );
      await sender.page.locator("input[type=file]").setInputFiles({
        name: "imagerie.pdf",
        mimeType: "application/pdf",
        buffer: document,
      });
      await sender.page.getByText("20 Mo", { exact: true }).waitFor({ timeout: 60_000 });
      await sender.page.getByRole("button", { name: "Envoyer", exact: true }).click();
      await sender.page.getByText("Message envoyé").waitFor({ timeout: 60_000 });

      // It appears in the open webmail of the other doctor: nobody reloads anything.
      const row = reader.page.getByRole("option", { name: new RegExp(subject) });
      await row.waitFor({ timeout: arrivalMilliseconds });
      await row.click();
      await reader.page.getByText("Veuillez trouver le document ci-joint.").first().waitFor();
      const download = reader.page.waitForEvent("download");
      await reader.page.getByRole("link", { name: /imagerie\.pdf/ }).or(
        reader.page.getByRole("button", { name: /Télécharger.*imagerie\.pdf/ }),
      ).first().click();
      const received = await readAll(await (await download).createReadStream());
      expect(received.equals(document), "the document arrives byte for byte").toBe(true);

      const password = await stack.appPassword(bruno);
      const door = { ...stack.edge.imaps, isImplicit: true };
      const program = await openBox(door, bruno, { kind: "plain", secret: password });
      const raw = await until(
        "the mail in his program",
        async () => (await readInbox(program)).find((message) => message.includes(subject)),
      );
      await program.logout();
      const messageId = /^message-id:\s*(<[^>]+>)/im.exec(raw)?.[1];
      expect(messageId).toBeDefined();

      const answer = `Re: ${subject}`;
      const { host, port } = stack.edge.submission;
      const swaks = await new Deno.Command(await requireProgram("swaks"), {
        args: [
          ...["--server", host, "--port", String(port), "--tls"],
          ...["--auth", "PLAIN", "--auth-user", bruno, "--auth-password", password],
          ...["--from", bruno, "--to", anne, "--h-From", `Bruno BERNARD <${bruno}>`, "--h-Subject", answer],
          ...["--add-header", `In-Reply-To: ${messageId}`, "--add-header", `References: ${messageId}`],
          ...["--body", "Bien recu, merci.", "--silent", "1"],
        ],
      }).output();
      expect(swaks.code, `swaks had its mail accepted: ${new TextDecoder().decode(swaks.stderr)}`).toBe(0);

      const answered = sender.page.getByRole("option", { name: new RegExp(answer) });
      await answered.waitFor({ timeout: arrivalMilliseconds });
      await answered.click();
      await sender.page.getByText("Bien recu, merci.").first().waitFor();

      expect([...sender.foreign, ...reader.foreign], "the browser asked nothing of any other host").toEqual(
        [],
      );
    },
    240_000,
  );

  test("a recipient outside the trust space is named before anything leaves", async () => {
    const { page } = await open(/Anne ALLARD/i);
    await page.getByRole("button", { name: "Écrire" }).first().click();
    await page.getByLabel("À", { exact: true }).fill("quelquun@gmail.test,");
    await page.getByLabel("Objet").fill("Ne doit pas partir");
    await page.getByLabel("Texte du message").fill("Bonjour");
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText(/pas une adresse MSSanté/).first().waitFor();
    expect(await page.getByText("Message envoyé").count()).toBe(0);
    expect(await page.getByLabel("Texte du message").inputValue()).toBe("Bonjour");
  }, 120_000);
});

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
