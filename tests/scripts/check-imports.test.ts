import { describe, expect, it } from "vitest";
import { checkImports } from "../../scripts/check-imports.ts";
import { withTree } from "./planted.ts";

async function faultsOf(files: Record<string, string>): Promise<string[]> {
  const faults = await withTree(files, checkImports);
  return faults.map((fault) => `${fault.file}:${fault.line} ${fault.sentence}`);
}

describe("the direction of imports in api/", () => {
  it("passes a tree that keeps the rules", async () => {
    expect(
      await faultsOf({
        "api/app.ts": `import { Hono } from "hono"; import "./mailboxes/routes.ts"; export const app = Hono;`,
        "api/config.ts": `export const value = Deno.env.get("MSS_LISTEN");`,
        "api/http/render.ts": `import type { Context } from "hono"; export type C = Context;`,
        "api/database/in-tenant.ts": `import { sql } from "kysely"; export { sql };`,
        "api/mailboxes/routes.ts": `import { createRoute } from "@hono/zod-openapi"; export { createRoute };`,
        "api/mailboxes/schemas.ts": `import { z } from "@hono/zod-openapi"; export { z };`,
        "api/mailboxes/queries.ts":
          `import { sql } from "kysely"; import "../database/in-tenant.ts"; export { sql };`,
        "api/mailboxes/suspend.ts": `import "./queries.ts"; import "../audit/mod.ts"; // not Deno.env here`,
        "api/audit/mod.ts": `export const audit = 1;`,
      }),
    ).toEqual([]);
  });

  it("refuses Hono in a verb, Kysely in a route, the environment in a domain", async () => {
    const found = await faultsOf({
      "api/mailboxes/suspend.ts": `\nimport { Hono } from "hono";\nexport { Hono };`,
      "api/mailboxes/routes.ts": `import { sql } from "kysely";\nexport { sql };`,
      "api/mailboxes/close.ts": `// a note\nexport const home = Deno.env.get("HOME");`,
    });
    expect(found).toEqual(expect.arrayContaining([
      expect.stringMatching(/^api\/mailboxes\/suspend\.ts:2 imports hono/),
      expect.stringMatching(/^api\/mailboxes\/routes\.ts:1 imports kysely/),
      expect.stringMatching(/^api\/mailboxes\/close\.ts:2 reads Deno\.env/),
    ]));
    expect(found).toHaveLength(3);
  });

  it("refuses the inside of another domain, also by type and by dynamic import", async () => {
    const found = await faultsOf({
      "api/audit/mod.ts": `export const audit = 1;`,
      "api/audit/queries.ts": `export type Row = number; export const row = 1;`,
      "api/mailboxes/close.ts": `import type { Row } from "../audit/queries.ts";\nexport type R = Row;`,
      "api/mailboxes/open.ts": `export const load = () =>\n  import("../audit/queries.ts");`,
      "api/mailboxes/seed.ts": `import "../../tests/support/tenants.ts";`,
      "tests/support/tenants.ts": `export const tenants = 1;`,
    });
    expect(found).toEqual([
      expect.stringMatching(/^api\/mailboxes\/close\.ts:1 imports api\/audit\/queries\.ts: .*mod\.ts/),
      expect.stringMatching(/^api\/mailboxes\/open\.ts:2 imports api\/audit\/queries\.ts/),
      expect.stringMatching(/^api\/mailboxes\/seed\.ts:1 imports tests\/support/),
    ]);
  });

  it("shows a cycle once, with its whole way", async () => {
    expect(
      await faultsOf({
        "api/audit/mod.ts": `import "./record.ts";`,
        "api/audit/record.ts": `import "../http/a.ts";`,
        "api/http/a.ts": `\nimport "../audit/mod.ts";`,
      }),
    ).toEqual([
      "api/audit/mod.ts:1 is in a cycle of imports: " +
      "api/audit/mod.ts → api/audit/record.ts → api/http/a.ts → api/audit/mod.ts.",
    ]);
  });

  it("shows a cycle of types, too", async () => {
    const found = await faultsOf({
      "web/src/lib/jmap/call.ts": `import type { Session } from "./session.ts"; export type C = Session;`,
      "web/src/lib/jmap/session.ts": `import type { C } from "./call.ts"; export type Session = C;`,
      "api/audit/mod.ts": `import type { Row } from "./record.ts"; export type Audit = Row;`,
      "api/audit/record.ts": `import type { Audit } from "./mod.ts"; export type Row = Audit;`,
    });
    expect(found).toEqual([
      expect.stringMatching(/^api\/audit\/mod\.ts:1 is in a cycle/),
      expect.stringMatching(/^web\/src\/lib\/jmap\/call\.ts:1 is in a cycle/),
    ]);
  });
});

describe("the direction of imports in web/src/lib", () => {
  it("passes ui ← features → mail → jmap", async () => {
    expect(
      await faultsOf({
        "web/src/lib/ui/button.svelte":
          `<script lang="ts">\nimport { t } from "#lib/i18n/mod";\n</script>\n{t}`,
        "web/src/lib/i18n/mod.ts": `export const t = 1;`,
        "web/src/lib/jmap/call.ts": `import type { Session } from "./session.ts"; export type C = Session;`,
        "web/src/lib/jmap/session.ts": `export type Session = string;`,
        "web/src/lib/mail/store.svelte.ts": `import "../jmap/call.ts";`,
        "web/src/lib/reader/view.svelte":
          `<script lang="ts">\nimport "#lib/mail/store.svelte";\nimport B from "../ui/button.svelte";\n</script>`,
        "web/src/routes/+page.svelte": `<script>import "#lib/reader/view.svelte";</script>`,
      }),
    ).toEqual([]);
  });

  it("refuses each wrong direction with the line in the .svelte file", async () => {
    const found = await faultsOf({
      "web/src/lib/ui/list.svelte":
        `<p>title</p>\n<script lang="ts">\n  import "../mail/store.svelte.ts";\n</script>`,
      "web/src/lib/mail/store.svelte.ts": `import "../reader/view.ts";`,
      "web/src/lib/reader/view.ts": `import { call } from "#lib/jmap/call.ts";`,
      "web/src/lib/jmap/call.ts": `import { tick } from "svelte"; export const call = tick;`,
      "web/src/lib/jmap/push.ts": `import "../mail/store.svelte.ts";`,
      "web/src/lib/api/client.ts": `import "../../../../api/problems.ts";`,
    });
    expect(found).toEqual([
      expect.stringMatching(/^web\/src\/lib\/api\/client\.ts:1 .*generated types/),
      expect.stringMatching(/^web\/src\/lib\/jmap\/call\.ts:1 imports svelte/),
      expect.stringMatching(/^web\/src\/lib\/jmap\/push\.ts:1 .*svelte|no other room/),
      expect.stringMatching(/^web\/src\/lib\/mail\/store\.svelte\.ts:1 .*lib\/mail imports lib\/jmap only/),
      expect.stringMatching(/^web\/src\/lib\/reader\/view\.ts:1 .*never to lib\/jmap/),
      expect.stringMatching(/^web\/src\/lib\/ui\/list\.svelte:3 .*lib\/ui imports nothing above/),
    ]);
  });
});
