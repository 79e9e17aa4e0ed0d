/**
 * Which mail server a stack runs on. Settled here and nowhere else: `--mail`, else `STALWART_BIN`, a `stalwart` on the
 * PATH, a container engine that works, else Cyrus, which Debian's packages always give.
 */
import { StartFailure } from "./failure.ts";

export type MailServerKind = "stalwart" | "cyrus";

export type MailServerChoice =
  | { readonly kind: "stalwart"; readonly binary: string; readonly because: string }
  | { readonly kind: "cyrus"; readonly because: string };

/** What of this machine the choice depends on. */
export interface MailServerHints {
  /** `--mail=…` */
  readonly forced?: string | undefined;
  /** Environment variable `STALWART_BIN`. */
  readonly stalwartBinary?: string | undefined;
  /** Path of a program that can be run, or undefined. Takes a name (looked up on the PATH) or a path. */
  readonly findProgram: (nameOrPath: string) => string | undefined;
  /** Path of the Stalwart of its official image, or undefined when this engine (a path) cannot give it. */
  readonly stalwartFromImage: (engine: string) => Promise<string | undefined>;
}

const engines = ["docker", "podman"] as const;

/**
 * @throws StartFailure when `--mail` names something else or a Stalwart that cannot be had, or when `STALWART_BIN` names
 * no program: a wish is never silently replaced by the stand-in.
 */
export async function chooseMailServer(hints: MailServerHints): Promise<MailServerChoice> {
  const { forced, stalwartBinary } = hints;
  if (forced !== undefined && forced !== "stalwart" && forced !== "cyrus") {
    throw new StartFailure(`--mail=${forced} is unknown: it is --mail=stalwart or --mail=cyrus.`);
  }
  if (forced === "cyrus") return { kind: "cyrus", because: "--mail=cyrus" };
  if (stalwartBinary !== undefined && stalwartBinary !== "") {
    const binary = hints.findProgram(stalwartBinary);
    if (binary === undefined) {
      throw new StartFailure(`STALWART_BIN names ${stalwartBinary}, which is no program.`);
    }
    return { kind: "stalwart", binary, because: "STALWART_BIN" };
  }
  const onPath = hints.findProgram("stalwart");
  if (onPath !== undefined) return { kind: "stalwart", binary: onPath, because: `${onPath} is on the PATH` };
  for (const name of engines) {
    const engine = hints.findProgram(name);
    const binary = engine === undefined ? undefined : await hints.stalwartFromImage(engine);
    if (binary !== undefined) return { kind: "stalwart", binary, because: `its official image, by ${name}` };
  }
  if (forced === "stalwart") {
    throw new StartFailure(
      "--mail=stalwart: this machine has no Stalwart. Set STALWART_BIN, put stalwart on the PATH, or start a container engine.",
    );
  }
  return { kind: "cyrus", because: "no STALWART_BIN, no stalwart on the PATH and no container engine" };
}
