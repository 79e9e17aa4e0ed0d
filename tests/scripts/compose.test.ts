import { existsSync, readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { ConfigRefused, describeConfig, readConfig } from "../../api/config.ts";

interface Service {
  readonly image?: string;
  readonly command?: string | string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}
const file = load(readFileSync("infra/compose.yaml", "utf8")) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
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
