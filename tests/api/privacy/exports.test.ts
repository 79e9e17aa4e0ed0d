/** Archives, without a mail server: the mail in them is proved by tests/mailserver/control-plane. */
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expireExports, makeExport } from "../../../api/privacy/mod.ts";
import { folderPaths } from "../../../api/privacy/box-mail.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant } from "../../support/tenants.ts";

const path = "/api/v1/privacy/exports";

describe("the archive of a person", () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await openHarness()));
  afterAll(async () => await harness.close());

  const deps = () => ({
    ctx: harness.system,
    mailServer: harness.deps.mailServer,
    directory: harness.deps.config.privacy.exportDirectory!,
    keepDays: 7,
  });

  it("holds what the tables say of him, is fetched by him with a row in the trail, and goes after its time", async () => {
    const person = await harness.signIn({ givenName: "Inès", familyName: "Éluard" });
    const asked = (await person.post(path, { includeMail: false })).body;
    expect(asked).toMatchObject({ status: "queued", kind: "person" });
    expect((await person.get(`${path}/${asked.id}/archive`)).body).toMatchObject({
      status: 409,
      state: "queued",
    });
    await makeExport(deps(), asked.id);
    const ready = (await person.get(`${path}/${asked.id}`)).body;
    expect(ready.status).toBe("ready");

    const response = await person.send(`${path}/${asked.id}/archive`, {});
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBe(ready.sizeBytes);
    expect(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()).toBe(ready.sha256);
    const entries = await new ZipReader(new Uint8ArrayReader(bytes)).getEntries();
    expect(entries.map((one) => one.filename)).toEqual(
      expect.arrayContaining(["LISEZMOI.txt", "donnees/identite.json", "donnees/sessions.json"]),
    );
    const identity = entries.find((one) => one.filename === "donnees/identite.json")!;
    if (identity.directory) throw new Error("a file was expected");
    const text = new TextDecoder().decode(await identity.getData(new Uint8ArrayWriter()));
    expect(JSON.parse(text)).toMatchObject([{ nom: "Éluard", prenom: "Inès" }]);
    expect(
      await harness.database.rows(
        "select action from app.audit_events where actor_person_id = $1 order by id",
        [
          person.personId,
        ],
      ),
    ).toEqual([{ action: "export.request-own" }, { action: "export.fetch" }]);

    await harness.database.rows("update app.exports set expires_at = $2 where id = $1", [
      asked.id,
      harness.clock.now(),
    ]);
    expect((await person.get(`${path}/${asked.id}/archive`)).body).toMatchObject({ state: "expired" });
    await expireExports(deps());
    await expect(Deno.stat(`${deps().directory}/${asked.id}.zip`)).rejects.toThrow(Deno.errors.NotFound);
  });

  it("holds no token and no hash of one", async () => {
    const person = await harness.signIn();
    const { id } = (await person.post(path, { includeMail: false })).body;
    await makeExport(deps(), id);
    const bytes = new Uint8Array(await (await person.send(`${path}/${id}/archive`, {})).arrayBuffer());
    const entries = await new ZipReader(new Uint8ArrayReader(bytes)).getEntries();
    for (const entry of entries) {
      if (entry.directory || !entry.filename.endsWith(".json")) continue;
      const text = new TextDecoder().decode(await entry.getData(new Uint8ArrayWriter()));
      expect(text).not.toMatch(/token|secret|verifier|id_token/i);
    }
  });

  it("is nobody else's: another person is told what he is told of one that does not exist", async () => {
    const { id } = (await (await harness.signIn()).post(path, { includeMail: false })).body;
    const other = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    for (const one of [id, crypto.randomUUID()]) {
      expect((await other.get(`${path}/${one}`)).body.type).toMatch(/export-not-found$/);
      expect((await other.get(`${path}/${one}/archive`)).body.type).toMatch(/export-not-found$/);
    }
  });

  it("is made once at a time, and made again after a job that died half way", async () => {
    const person = await harness.signIn();
    const asked = await person.post(path, { includeMail: false });
    expect((await person.post(path, { includeMail: false })).body.type).toMatch(/export-running$/);
    await Deno.writeTextFile(`${deps().directory}/${asked.body.id}.zip.partial`, "half");
    await harness.database.rows("update app.exports set status = 'running' where id = $1", [asked.body.id]);
    await makeExport(deps(), asked.body.id);
    expect((await person.get(`${path}/${asked.body.id}`)).body.status).toBe("ready");
    await expect(Deno.stat(`${deps().directory}/${asked.body.id}.zip.partial`)).rejects.toThrow();
  });

  it("of a box is asked for by its structure's administrator, never by the operator", async () => {
    const tenant = await newTenant(harness);
    const { id } = await newMailbox(harness, tenant);
    const operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    const body = { reason: "Fermeture" };
    expect((await operator.post(`/api/v1/mailboxes/${id}/exports`, body)).body).toMatchObject({
      status: 403,
    });
    expect((await tenant.administrator.post(`/api/v1/mailboxes/${id}/exports`, body)).status).toBe(201);
    expect(
      await harness.database.rows(
        "select action, reason from app.audit_events where subject_id = $1 and action like 'export%'",
        [
          id,
        ],
      ),
    ).toEqual([{ action: "export.request-mailbox", reason: "Fermeture" }]);
  });
});

describe("folders as paths", () => {
  it("are safe as file names, and a circle of parents ends", () => {
    const paths = folderPaths([
      { id: "a", name: "Bilans/2026", parentId: null },
      { id: "b", name: "..", parentId: "a" },
      { id: "c", name: "boucle", parentId: "d" },
      { id: "d", name: "boucle", parentId: "c" },
    ]);
    expect(paths.get("a")).toBe("Bilans_2026");
    expect(paths.get("b")).toBe("Bilans_2026/_");
    expect(paths.get("c")).toMatch(/^boucle/);
  });
});
