import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigRefused, describeConfig, readConfig } from "../../../api/config.ts";

describe("the configuration", () => {
  let directory: string;
  let complete: Record<string, string>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "config-"));
    const file = async (name: string, text: string) => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    complete = {
      MSS_BASE_URL: "https://messagerie.test",
      MSS_DATABASE_URL: "postgres://mss_api@127.0.0.1:5432/platform",
      MSS_DATABASE_PASSWORD_FILE: await file("database", "secret-of-the-database\n"),
      MSS_REDIS_URL: "redis://127.0.0.1:6379",
      MSS_PSC_ISSUER: "https://psc.test",
      MSS_PSC_DISCOVERY_URL: "https://psc.test/wallet/.well-known/openid-configuration",
      MSS_PSC_CLIENT_ID: "client",
      MSS_PSC_CLIENT_SECRET_FILE: await file("psc", "secret-of-psc"),
      MSS_SESSION_KEY_FILE: await file("session-key", "A".repeat(43)),
      MSS_MAIL_SERVER: "stalwart",
      MSS_MAIL_JMAP_URL: "http://127.0.0.1:8080/jmap/",
      MSS_MAIL_OPERATOR_DOMAIN: "operateur.test",
      MSS_MAIL_GATEWAY_LOGIN: "gateway@operateur.test",
      MSS_MAIL_GATEWAY_SECRET_FILE: await file("gateway", "secret-of-gateway"),
      MSS_MAIL_PROVISIONER_LOGIN: "admin@operateur.test",
      MSS_MAIL_PROVISIONER_SECRET_FILE: await file("provisioner", "secret-of-provisioner"),
      MSS_MAIL_HOOK_SECRET_FILE: await file("hook", "secret-of-hook"),
      MSS_WHITE_LIST_URL: "https://list.test/list.xml",
      MSS_WHITE_LIST_CRL_URL: "https://list.test/crl",
      MSS_WHITE_LIST_TRUST_FILE: await file("trust", "PEM"),
    };
  });
  afterAll(async () => await rm(directory, { recursive: true }));

  const refusalOf = (environment: Record<string, string>): readonly string[] => {
    try {
      readConfig(environment);
    } catch (error) {
      if (error instanceof ConfigRefused) return error.faults;
    }
    throw new Error("it was accepted");
  };
  const without = (name: string) =>
    Object.fromEntries(Object.entries(complete).filter(([one]) => one !== name));

  it("reads secrets from their files, and is frozen to its depth", () => {
    const config = readConfig({ ...complete, PATH: "/bin", HOME: "/" });
    expect(config.database.password).toBe("secret-of-the-database");
    expect(config.listen).toEqual({ hostname: "127.0.0.1", port: 8480 });
    expect(config.mail).toMatchObject({ kind: "stalwart", gatewaySecret: "secret-of-gateway" });
    expect(Object.isFrozen(config.whiteList)).toBe(true);
    expect(Object.isFrozen(config.proSanteConnect.acrValues)).toBe(true);
  });

  it("refuses a variable of ours that it does not know, by its name", () => {
    expect(refusalOf({ ...complete, MSS_DATABSE_URL: "x" })).toEqual([
      "MSS_DATABSE_URL: not a variable of this platform",
    ]);
    expect(refusalOf({ ...complete, MSS_MAIL_IMAP: "127.0.0.1:143" })).toEqual([
      "MSS_MAIL_IMAP: not a variable of this platform",
    ]);
  });

  it("says everything that is missing at once, and never a value", () => {
    const faults = refusalOf({
      MSS_MAIL_SERVER: "cyrus",
      MSS_BASE_URL: "https://messagerie.test/path?token=hidden",
    });
    expect(faults.length).toBeGreaterThan(10);
    expect(faults.join("\n")).toMatch(/MSS_MAIL_JWT_KEY_FILE/);
    expect(faults.join("\n")).not.toMatch(/hidden/);
  });

  it("is what infra/README.md tells the operator", async () => {
    const text = await readFile(new URL("../../../infra/README.md", import.meta.url), "utf8");
    const rows = describeConfig().map(({ name, about, default: byDefault }) =>
      `| \`${name}\` | ${about} | ${byDefault === null ? "" : `\`${byDefault}\``} |`
    );
    expect(text).toContain(`\n${rows.join("\n")}\n<!-- end -->`);
  });

  it("has no default for a secret", () => {
    const secrets = describeConfig().filter(({ name }) => name.endsWith("_FILE"));
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((one) => one.default !== null)).toEqual([]);
    for (const { name } of secrets.filter((one) => one.name in complete)) {
      expect(refusalOf(without(name)).join()).toContain(name);
    }
  });

  it("refuses a secret whose file is absent or empty", async () => {
    await writeFile(join(directory, "empty"), "\n");
    for (const path of [join(directory, "none"), join(directory, "empty")]) {
      expect(refusalOf({ ...complete, MSS_PSC_CLIENT_SECRET_FILE: path })).toEqual([
        "MSS_PSC_CLIENT_SECRET_FILE: the file cannot be read or is empty",
      ]);
    }
  });

  it("refuses a password inside the database's URL", () => {
    const url = "postgres://mss_api:hidden@127.0.0.1:5432/platform";
    expect(refusalOf({ ...complete, MSS_DATABASE_URL: url }).join()).toMatch(
      /^MSS_DATABASE_URL: holds a password/,
    );
  });

  it.each([
    ["MSS_BASE_URL", "https://messagerie.test/"],
    ["MSS_BASE_URL", "messagerie.test"],
    ["MSS_LISTEN", "8480"],
    ["MSS_REDIS_URL", "http://127.0.0.1"],
    ["MSS_MAIL_SERVER", "postfix"],
    ["MSS_SESSION_IDLE_SECONDS", "0"],
    ["MSS_MAX_ATTACHMENT_BYTES", "many"],
  ])("refuses %s=%s", (name, value) => {
    expect(refusalOf({ ...complete, [name]: value }).join()).toContain(name);
  });
});
