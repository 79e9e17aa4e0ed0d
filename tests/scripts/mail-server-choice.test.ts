import { describe, expect, test } from "vitest";
import {
  chooseMailServer,
  type MailServerChoice,
  type MailServerHints,
} from "../../scripts/stack/mail-server-choice.ts";

/** A machine with these programs; engines have the image unless named as silent. */
function machine(
  programs: readonly string[],
  more: Partial<MailServerHints> & { silentEngines?: readonly string[] } = {},
): MailServerHints {
  return {
    findProgram: (name) =>
      programs.includes(name) ? (name.startsWith("/") ? name : `/usr/bin/${name}`) : undefined,
    stalwartFromImage: (engine) => {
      const isSilent = (more.silentEngines ?? []).some((name) => engine.endsWith(`/${name}`));
      return Promise.resolve(isSilent ? undefined : `/unpacked/by${engine}`);
    },
    ...more,
  };
}

const cases:
  readonly (readonly [string, MailServerHints, Partial<MailServerChoice> & Record<string, unknown>])[] = [
    [
      "STALWART_BIN comes before everything",
      machine(["/usr/local/bin/s", "stalwart", "docker"], { stalwartBinary: "/usr/local/bin/s" }),
      {
        kind: "stalwart",
        binary: "/usr/local/bin/s",
      },
    ],
    ["a stalwart on the PATH comes before an engine", machine(["stalwart", "docker"]), {
      kind: "stalwart",
      binary: "/usr/bin/stalwart",
    }],
    ["an engine that answers runs the image", machine(["podman"]), {
      kind: "stalwart",
      binary: "/unpacked/by/usr/bin/podman",
    }],
    ["an engine whose service is silent is none", machine(["docker"], { silentEngines: ["docker"] }), {
      kind: "cyrus",
    }],
    [
      "the second engine is asked when the first is silent",
      machine(["docker", "podman"], { silentEngines: ["docker"] }),
      {
        kind: "stalwart",
        binary: "/unpacked/by/usr/bin/podman",
      },
    ],
    ["nothing at hand leaves the stand-in", machine([]), { kind: "cyrus" }],
    ["an empty STALWART_BIN is none", machine([], { stalwartBinary: "" }), { kind: "cyrus" }],
    ["--mail=cyrus wins over a Stalwart at hand", machine(["stalwart"], { forced: "cyrus" }), {
      kind: "cyrus",
    }],
    ["--mail=stalwart takes the one on the PATH", machine(["stalwart"], { forced: "stalwart" }), {
      kind: "stalwart",
    }],
  ];

describe("the choice of the mail server", () => {
  test.each(cases)("%s", async (_name, hints, expected) => {
    expect(await chooseMailServer(hints)).toMatchObject(expected);
  });

  test("a wish that cannot be had is refused, not replaced by the stand-in", async () => {
    await expect(chooseMailServer(machine([], { forced: "stalwart" }))).rejects.toThrow(/no Stalwart/);
    await expect(chooseMailServer(machine(["stalwart"], { stalwartBinary: "/missing" }))).rejects.toThrow(
      "/missing",
    );
    await expect(chooseMailServer(machine([], { forced: "postfix" }))).rejects.toThrow(
      "--mail=postfix is unknown",
    );
  });
});
