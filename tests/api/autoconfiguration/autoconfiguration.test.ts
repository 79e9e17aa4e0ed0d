/** Who is answered: every hosted domain alike, nobody else, and never whether a box exists. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { closeAtOnce, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

const place = "/mail/config-v1.1.xml";

describe("autoconfiguration", () => {
  let harness: Harness;
  let tenant: Tenant;
  let domain: string;
  let domainId: string;

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    const { body } = await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}/domains`);
    [{ name: domain, id: domainId }] = body.items;
  });
  afterAll(async () => await harness.close());

  /** As a mail client asks: no cookie, no origin, by the name of the host. */
  const ask = async (url: string, init?: RequestInit) => await harness.app.request(url, init);
  const discover = (address: string, path = "/autodiscover/autodiscover.xml") =>
    ask(`https://autodiscover.${domain}${path}`, {
      method: "POST",
      headers: { "content-type": "text/xml" },
      body: `<Autodiscover><Request><EMailAddress>${address}</EMailAddress></Request></Autodiscover>`,
    });
  /** Without what differs at each request. */
  const textOf = async (response: Response) => (await response.text()).replace(/"instance":"[^"]*"/, "");

  it("is found at the places of each specification, by host or by address, without signing in", async () => {
    const places = [
      `https://autoconfig.${domain}${place}`,
      `https://${domain}/.well-known/autoconfig${place}`,
      `https://messagerie.operateur.test${place}?emailaddress=anne%40${domain}`,
    ];
    const texts = await Promise.all(places.map(async (url) => {
      const response = await ask(url);
      expect(response.status, url).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/xml; charset=utf-8");
      return await response.text();
    }));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain(`<domain>${domain}</domain>`);
    for (const path of ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"]) {
      const response = await discover(`anne@${domain}`, path);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(`<LoginName>anne@${domain}</LoginName>`);
    }
  });

  it("says the same of a box that exists, of one that was closed and of one that never was", async () => {
    const open = await newMailbox(harness, tenant, { localPart: "ouverte" });
    const closed = await newMailbox(harness, tenant, { localPart: "fermee" });
    await closeAtOnce(harness, closed.id);
    const answers = await Promise.all(
      [open.address, closed.address, `jamais@${domain}`].map(async (address) => {
        const found = await ask(`https://localhost${place}?emailaddress=${encodeURIComponent(address)}`);
        const outlook = await discover(address);
        return [
          found.status,
          await textOf(found),
          outlook.status,
          (await textOf(outlook)).replaceAll(address, "…"),
        ];
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it("answers for a domain that is not hosted as for a page that does not exist", async () => {
    const missing = await textOf(await ask("https://localhost/nulle-part"));
    for (
      const url of [
        "https://autoconfig.ailleurs.test" + place,
        `https://localhost${place}`,
        `https://localhost${place}?emailaddress=x%40ailleurs.test`,
        `https://autoconfig.${domain}${place}?emailaddress=x%40ailleurs.test`,
        `https://localhost${place}?emailaddress=%3Cscript%3E%40x`,
      ]
    ) {
      const response = await ask(url);
      expect(response.status, url).toBe(404);
      expect(await textOf(response), url).toBe(missing);
    }
    for (const address of ["x@ailleurs.test", "x", "", "&e;"]) {
      expect((await discover(address)).status, address).toBe(404);
    }
  });

  it("is silent for a domain that was closed, and goes on while it is suspended", async () => {
    const other = await newTenant(harness);
    const { body } = await other.administrator.get(`/api/v1/structures/${other.structureId}/domains`);
    const [{ name, id }] = body.items;
    const url = `https://autoconfig.${name}${place}`;
    await harness.database.rows("update app.domains set status = 'suspended' where id = $1", [id]);
    expect((await ask(url)).status).toBe(200);
    await harness.database.rows(
      "update app.domains set status = 'closed', closed_at = now(), closing_reason = 'fusion' where id = $1",
      [id],
    );
    expect((await ask(url)).status).toBe(404);
  });

  it("does not read a long request", async () => {
    const response = await discover("a".repeat(20_000));
    expect(response.status).toBe(413);
  });

  it("takes nothing of a hostile request: entities, other encodings, depth, several addresses, no content-length", async () => {
    const wrap = (inner: string, head = "") =>
      `${head}<Autodiscover><Request>${inner}</Request></Autodiscover>`;
    const element = `<EMailAddress>anne@${domain}</EMailAddress>`;
    const post = (body: BodyInit, headers: Record<string, string> = { "content-type": "text/xml" }) =>
      ask(`https://autodiscover.${domain}/autodiscover/autodiscover.xml`, { method: "POST", headers, body });
    const missing = await textOf(await ask("https://localhost/nulle-part"));
    const outside = `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>`;
    const laughs = `<!DOCTYPE a [<!ENTITY a "${"x".repeat(500)}"><!ENTITY b "${"&a;".repeat(500)}">]>`;
    const utf16 = new Uint8Array(
      new Uint16Array([...wrap(element, outside)].map((one) => one.charCodeAt(0))).buffer,
    );
    const bodies: BodyInit[] = [
      wrap(`<EMailAddress>&e;@${domain}</EMailAddress>`, outside),
      wrap(`<EMailAddress>&b;@${domain}</EMailAddress>`, laughs),
      wrap(element, outside.replace("DOCTYPE", "doctype")),
      utf16,
      wrap(element + element.replace("anne", "bruno")),
      "<a>".repeat(5_000),
      wrap(`<EMailAddress>anne@${domain}\0</EMailAddress>`),
      wrap(`<EMailAddress><![CDATA[anne]]>@ailleurs.test</EMailAddress>`),
      `<?xml-stylesheet href="https://ailleurs.test/"?>`,
      "",
      new Uint8Array([0xff, 0xfe, 0xfd]),
    ];
    for (const [place, body] of bodies.entries()) {
      const response = await post(body);
      expect(response.status, `body ${place}`).toBe(404);
      expect(await textOf(response), `body ${place}`).toBe(missing);
    }
    // Longer than it says: what is streamed is measured.
    const stream = new ReadableStream({
      start(controller) {
        for (let chunk = 0; chunk < 40; chunk++) {
          controller.enqueue(new TextEncoder().encode("x".repeat(1_000)));
        }
        controller.close();
      },
    });
    expect((await post(stream)).status).toBe(413);
    const markup = await post(wrap(`<EMailAddress>a&lt;/LoginName&gt;b@${domain}</EMailAddress>`));
    expect(await markup.text()).toContain(`<LoginName>a&lt;/LoginName&gt;b@${domain}</LoginName>`);
  });

  it("shows the records of a domain to who reads it, and a stranger's domain to nobody", async () => {
    const path = `/api/v1/structures/${tenant.structureId}/domains/${domainId}/dns-records`;
    const { status, body } = await tenant.administrator.get(path);
    expect(status).toBe(200);
    expect(body.items).toContainEqual({
      purpose: "imaps",
      type: "SRV",
      name: `_imaps._tcp.${domain}`,
      value: "0 1 993 mail.operateur.mssante.test.",
    });
    const other = await newTenant(harness);
    expect((await other.administrator.get(path)).status).toBe(404);
    const foreign = path.replace(tenant.structureId, other.structureId);
    expect((await other.administrator.get(foreign)).body.type).toMatch(/domain-not-found$/);
  });

  it("gives the settings to whoever has signed in, and a profile to who opens the box", async () => {
    const box = await newMailbox(harness, tenant, { type: "ORG", localPart: "secretariat" });
    const member = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "user" }],
    });
    const path = `/api/v1/mailboxes/${box.id}/apple-profile`;
    expect((await member.get("/api/v1/client-settings")).body.services).toHaveLength(4);
    expect((await harness.stranger.get("/api/v1/client-settings")).status).toBe(401);
    const before = await member.get(path);
    expect(before.status).toBe(404);
    await harness.database.rows(
      "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
      [tenant.structureId, box.id, member.personId],
    );
    const profile = await member.get(path);
    expect(profile.status).toBe(200);
    expect(profile.headers.get("content-type")).toBe("application/x-apple-aspen-config");
    expect(profile.headers.get("content-disposition")).toContain(".mobileconfig");
    expect(profile.text).toContain(`<string>${box.address}</string>`);
    // Not even who administers the box.
    expect((await tenant.administrator.get(path)).status).toBe(404);
    const never = await member.get(`/api/v1/mailboxes/${crypto.randomUUID()}/apple-profile`);
    expect(never.body.type).toBe(before.body.type);
  });
});
