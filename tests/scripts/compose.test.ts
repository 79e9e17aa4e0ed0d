import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigRefused, describeConfig, readConfig } from "../../api/config.ts";
import { edgeEnvironment } from "../../scripts/stack/edge.ts";
import { operatorDomain, portNames } from "../../scripts/stack/platform.ts";

const text = z.string();
const texts = z.array(text);
const condition = z.enum(["service_started", "service_healthy", "service_completed_successfully"]);
/** What of Compose's words is used here; a misspelt one would be refused by an engine alone. */
const Service = z.strictObject({
  image: text,
  build: z.strictObject({ context: text, dockerfile_inline: text }).optional(),
  command: z.union([text, texts]).optional(),
  entrypoint: texts.optional(),
  working_dir: text.optional(),
  environment: z.record(text, text).optional(),
  volumes: texts.optional(),
  depends_on: z.record(text, z.strictObject({ condition })).optional(),
  healthcheck: z.strictObject({ test: texts, interval: text, timeout: text, retries: z.int() }).optional(),
  restart: z.literal("unless-stopped").optional(),
  stop_grace_period: text.optional(),
  network_mode: z.literal("host"),
  read_only: z.boolean().optional(),
  tmpfs: texts.optional(),
  cap_drop: texts,
  cap_add: texts.optional(),
  security_opt: texts,
});
const source = readFileSync("infra/compose.yaml", "utf8");
const file = z.looseObject({ services: z.record(text, Service), volumes: z.record(text, z.null()) })
  .parse(load(source));
const firstPort = 8480;
const ports = Object.fromEntries(
  (await portNames("stalwart", true)).map((name, index) => [name, firstPort + index]),
);
const services = Object.entries(file.services);
/** Said of a file that only the containers have. */
const secretIsElsewhere = /: the file cannot be read or is empty$/;

function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigRefused) return error.faults;
    throw error;
  }
}

/** Given on the command line, since it holds a password. */
const fromTheCommand = "MSS_REDIS_URL";

describe("infra/compose.yaml", () => {
  test("gives nobody a right of root that it does not name", () => {
    for (const [name, service] of services) {
      expect(service.cap_drop, name).toEqual(["ALL"]);
      const isOwnUsr = name === "edge"; // Dovecot gets a /usr of its own by a mount.
      if (!isOwnUsr) expect(service.security_opt, name).toEqual(["no-new-privileges:true"]);
      if (!isOwnUsr) expect(service.cap_add ?? [], name).not.toContain("SYS_ADMIN");
      const mayWrite = ["edge", "postgres"].includes(name);
      expect(service.read_only ?? false, name).toBe(!mayWrite);
      const makes = ["modules", "web"].includes(name);
      const clone = service.volumes?.find((volume) => volume.startsWith("..:"));
      if (clone !== undefined) expect(clone, name).toBe(makes ? "..:/srv" : "..:/srv:ro");
    }
  });

  test("runs what it does not make without writing beside it", () => {
    for (const [name, { command }] of services) {
      const runs = [command ?? []].flat().join(" ");
      if (/\brun -A\b/.test(runs)) expect(runs, name).toContain("run -A --node-modules-dir=manual ");
    }
  });

  test("makes every secret that it gives, but those of the mail server's launcher", () => {
    const made = readFileSync("scripts/make-secrets.ts", "utf8");
    const given = new Set(source.match(/(?<=\/secrets\/)[a-z][\w-]*\w(?![\w-])/g));
    const ofLauncher = /^stalwart-(gateway|provisioner|hook|edge)$/;
    expect(given.size).toBeGreaterThan(8);
    for (const name of given) if (!ofLauncher.test(name)) expect(made).toContain(`"${name}"`);
  });

  test.each(["api", "worker"])("tells %s where the edge is, as scripts/start does", async (name) => {
    const directory = mkdtempSync(`${tmpdir()}/compose-`);
    const wanted = await edgeEnvironment({ directory, packagesDirectory: directory, ports, operatorDomain });
    rmSync(directory, { recursive: true });
    const given = file.services[name]?.environment ?? {};
    const inVolume = (value: string) => value.replace(`${directory}/secrets/`, "/secrets/");
    expect(given).toMatchObject(
      Object.fromEntries(Object.entries(wanted).map(([variable, value]) => [variable, inVolume(value)])),
    );
    expect(given["MSS_LISTEN"]).toBe(`127.0.0.1:${ports["web"]}`);
    expect(given["MSS_MAIL_JMAP_URL"]).toBe(`http://127.0.0.1:${ports["mail-jmap"]}/jmap/`);
    expect(given["MSS_DATABASE_URL"]).toContain(`@127.0.0.1:${ports["postgres"]}/`);
  });

  test("gives api and worker every setting that scripts/start gives", () => {
    const [, environment = ""] = readFileSync("scripts/stack/platform.ts", "utf8").split(
      "async environment(",
    );
    const wanted = environment.slice(0, environment.indexOf("};")).match(/\bMSS_[A-Z_]+(?=:)/g) ?? [];
    expect(wanted.length).toBeGreaterThan(12);
    for (const name of ["api", "worker"]) {
      const given = [...Object.keys(file.services[name]?.environment ?? {}), fromTheCommand];
      expect(given, name).toEqual(expect.arrayContaining(wanted));
    }
  });

  test("calls only scripts that exist", () => {
    const paths = services.flatMap(([, { command }]) =>
      [command ?? []].flat().join(" ").match(/\b[\w/-]+\.ts\b/g) ?? []
    );
    expect(paths.length).toBeGreaterThan(8);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  test("waits only for services, and mounts only volumes, that it defines", () => {
    for (const [name, { depends_on, volumes }] of services) {
      for (const needed of Object.keys(depends_on ?? {})) {
        expect(file.services, `${name} waits`).toHaveProperty(needed);
      }
      for (const volume of volumes ?? []) {
        const [source = ""] = volume.split(":");
        if (source.startsWith(".")) expect(existsSync(`infra/${source}`), volume).toBe(true);
        else expect(file.volumes, `${name} mounts`).toHaveProperty([source]);
      }
    }
  });

  test("pins every image", () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[\w./-]+:v?\d/);
  });

  test.each(["api", "worker", "demo-world"])(
    "gives %s every setting it needs and none it does not know",
    (name) => {
      const given = Object.keys(file.services[name]?.environment ?? {}).filter((each) =>
        each.startsWith("MSS_")
      );
      expect(describeConfig().map((each) => each.name)).toEqual(expect.arrayContaining(given));
      const environment = {
        ...file.services[name]?.environment,
        [fromTheCommand]: "redis://127.0.0.1:8482/0",
      };
      expect(faultsOf(environment).filter((fault) => !secretIsElsewhere.test(fault))).toEqual([]);
    },
  );
});
