/** Writing: nothing is lost and nothing is sent twice, whatever fails; and axe's word on every screen. */
import { describe, expect, test } from "vitest";
import { composer, eventually, look, openScreen, phone, rows, useBrowser } from "./screens.ts";

useBrowser();

describe("writing", () => {
  test("a message with an attachment is written, kept as one draft, and sent once", async () => {
    const { page, visit, server, faults } = await openScreen();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).fill("bruno.bernard@beta.mssante.test,");
    await page.getByLabel("Objet").fill("Compte rendu de consultation");
    await page.getByLabel("Texte du message").fill(
      "Cher confrère,\n\nVeuillez trouver ci-joint le compte rendu.\n",
    );
    await page.locator("input[type=file]").setInputFiles({
      name: "compte-rendu.pdf",
      mimeType: "application/pdf",
      buffer: Buffer.alloc(3_000_000, 1),
    });
    await page.getByText("2,9 Mo").waitFor();
    await page.getByText("Brouillon enregistré").waitFor();
    await look(page, "compose");
    expect(server.own.inFolder("drafts")).toHaveLength(1);
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText("Message envoyé").waitFor();
    await eventually(() => server.own.inFolder("drafts")).toEqual([]);
    expect(server.own.inFolder("sent")).toMatchObject([{
      subject: "Compte rendu de consultation",
      hasAttachment: true,
    }]);
    expect(server.own.submissions.size).toBe(1);
    expect(faults).toEqual([]);
  });

  test("an answer quotes, continues the thread and marks the message as answered", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    const [first] = server.own.inFolder("inbox");
    await rows(page).first().click();
    await page.getByText("Document en ligne").waitFor();
    await page.keyboard.press("r");
    await composer(page).waitFor();
    await page.keyboard.type("Merci beaucoup.");
    await look(page, "reply");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Message envoyé").waitFor();
    const [sent] = server.own.inFolder("sent");
    expect(sent).toMatchObject({ inReplyTo: first!.messageId, to: [{ email: first!.from[0]!.email }] });
    expect(sent?.preview).toMatch(/^Merci beaucoup\.\n\nLe .* a écrit :\n> Bonjour,/);
    await eventually(() => server.own.emails.get(first!.id)?.keywords["$answered"]).toBe(true);
  });

  test("Escape puts away what was begun, and closes what was not", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    const dock = page.getByRole("button", { name: "Nouveau message" });
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await eventually(() => composer(page).count()).toBe(0);
    expect(await dock.count()).toBe(0);
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).pressSequentially("bruno.bernard@beta.mssante.test");
    await page.keyboard.press("Escape");
    await dock.click();
    await composer(page).getByText("bruno.bernard@beta.mssante.test").waitFor();
    await page.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toHaveLength(1);
  });

  test("recipients that cannot be written to are explained before anything is sent", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    await page.getByRole("button", { name: "Écrire" }).first().click();
    await page.getByLabel("À", { exact: true }).fill(
      "dupont@gmail.test, inconnu@beta.mssante.test, dr martin,",
    );
    await page.getByText(/l'envoi y est interdit/).waitFor();
    await page.getByText(/n'existe pas dans cette messagerie/).waitFor();
    await page.getByText(/n'est pas une adresse complète/).waitFor();
    await page.getByLabel("Objet").fill("Essai");
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText(/corrigez les destinataires/).waitFor();
    await look(page, "recipients");
    expect(server.own.submissions.size).toBe(0);
  });

  test("attachments of 25 MiB and one byte are refused before any upload", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    await page.keyboard.press("c");
    const file = (name: string, size: number) => ({
      name,
      mimeType: "application/pdf",
      buffer: Buffer.alloc(size),
    });
    await page.locator("input[type=file]").setInputFiles([file("irm.pdf", 26_214_000)]);
    await page.getByText("25 Mo", { exact: true }).waitFor();
    await page.locator("input[type=file]").setInputFiles([file("trop.pdf", 401)]);
    await page.getByText(/Trop volumineux : trop\.pdf/).waitFor();
    expect(server.log.filter((line) => line.includes("/jmap/upload/"))).toHaveLength(1);
    await page.locator("input[type=file]").setInputFiles([file("juste.pdf", 400)]);
    await page.getByText("400 octets").waitFor();
    await look(page, "attachments");
  });

  test("a session that expires keeps the draft, and signing in again leads back to it", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    await rows(page).first().click();
    await page.getByText("Document en ligne").waitFor();
    const address = page.url();
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).waitFor();
    server.jmap.isSignedOut = true;
    await page.getByLabel("Objet").fill("Ne pas perdre");
    await page.getByLabel("Texte du message").fill("Chaque mot compte.");
    await page.getByRole("dialog", { name: "Votre session a expiré" }).waitFor();
    await page.getByText("Votre brouillon est conservé.").waitFor();
    await look(page, "expired");
    for (let press = 0; press < 3; press++) await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog", { name: "Votre session a expiré" }).isVisible()).toBe(true);
    await page.getByRole("link", { name: "Se connecter à nouveau" }).click();
    await eventually(() => page.getByLabel("Texte du message").inputValue().catch(() => "")).toBe(
      "Chaque mot compte.",
    );
    expect(await page.getByLabel("Objet").inputValue()).toBe("Ne pas perdre");
    expect(page.url()).toBe(address);
    await page.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toHaveLength(1);
  });

  test("a draft survives a closed tab while the mail server is down, and is saved once when it is back", async () => {
    const { page, context, visit, server } = await openScreen();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("Objet").fill("Avant la panne");
    await page.getByText("Brouillon enregistré").waitFor();
    server.jmap.isDown = true;
    await page.getByLabel("Texte du message").fill("Pendant la panne.");
    await page.getByText(/Messagerie indisponible/).waitFor();
    await look(page, "unavailable");
    await page.close();
    server.jmap.isDown = false;
    const again = await context.newPage();
    await again.goto(`${server.url}/mail`);
    await eventually(() => again.getByLabel("Texte du message").inputValue().catch(() => "")).toBe(
      "Pendant la panne.",
    );
    await again.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toMatchObject([{
      subject: "Avant la panne",
      preview: "Pendant la panne.",
    }]);
  });

  test("a message whose answer is lost is sent once, and the screen says so", async () => {
    const { page, visit, server } = await openScreen();
    await visit();
    await page.keyboard.press("c");
    await page.getByLabel("À", { exact: true }).fill("bruno.bernard@beta.mssante.test,");
    await page.getByLabel("Objet").fill("Une seule fois");
    server.jmap.failNext("EmailSubmission/set", { kind: "lose-answer" });
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.getByText("Message envoyé").waitFor();
    expect(server.own.submissions.size).toBe(1);
    expect(server.own.inFolder("sent")).toHaveLength(1);
    expect(server.own.inFolder("drafts")).toEqual([]);
  });

  test("a draft is opened from its folder, changed, and still one", async () => {
    const { page, visit, server } = await openScreen();
    server.own.deliver(
      {
        subject: "À finir",
        keywords: { $draft: true, $seen: true },
        textBody: [{ partId: "t", blobId: "t", type: "text/plain", size: 4 }],
        htmlBody: [],
        attachments: [],
        bodyValues: { t: { value: "Début", isTruncated: false } },
      },
      "drafts",
      true,
    );
    await visit();
    await page.getByRole("link", { name: /Brouillons/ }).click();
    await page.getByRole("option", { name: /À finir/ }).click();
    await page.getByLabel("Texte du message").fill("Début et fin");
    await page.getByText("Brouillon enregistré").waitFor();
    expect(server.own.inFolder("drafts")).toMatchObject([{ preview: "Début et fin" }]);
    await page.getByRole("button", { name: "Enregistrer et fermer" }).click();
    await eventually(() => composer(page).count()).toBe(0);
  });

  test("writing on a phone", async () => {
    const { page, visit } = await openScreen(phone);
    await visit();
    await page.getByRole("button", { name: "Afficher les dossiers" }).click();
    await look(page, "phone-folders");
    await page.getByRole("button", { name: "Écrire" }).first().click();
    await page.getByLabel("À", { exact: true }).fill("helene.oeuvrard@gamma.mssante.test,");
    await look(page, "phone-compose");
  });
});
