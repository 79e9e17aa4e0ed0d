/**
 * The Stalwart of its official image, taken out by a container engine and run as a process of this machine, so that it
 * is watched, proved and ended like any other. It comes with its own libraries and loader, since its C library may be
 * newer than the machine's.
 *
 * Not run where this was written (no engine, no image registry): proved with a stand-in for the engine only.
 */
const image = "stalwartlabs/stalwart:v0.16.18";
const loaders: Record<string, string> = {
  x86_64: "lib64/ld-linux-x86-64.so.2",
  aarch64: "lib/ld-linux-aarch64.so.1",
};
const answerSeconds = 5;
const pullSeconds = 300;

/**
 * Unpacks the image's program once, then returns the path of a script that runs it.
 *
 * @param engine path of docker or podman
 * @param directory where unpacked programs are kept (`.local/packages`)
 * @returns undefined when the engine's service does not answer or the image cannot be had.
 */
export async function stalwartFromImage(engine: string, directory: string): Promise<string | undefined> {
  const root = `${directory}/stalwart`;
  const program = `${root}/run`;
  if (isFile(program)) return program;
  const loader = loaders[Deno.build.arch];
  if (loader === undefined || await call(engine, ["info"], answerSeconds) === undefined) return undefined;
  if (await call(engine, ["pull", "--quiet", image], pullSeconds) === undefined) return undefined;
  const container = (await call(engine, ["create", image], answerSeconds))?.trim().split("\n").at(-1);
  if (container === undefined) return undefined;
  const next = `${root}.new`;
  try {
    await Deno.remove(next, { recursive: true }).catch(() => undefined); // Nothing was interrupted before.
    await Deno.mkdir(`${next}/lib`, { recursive: true });
    const libraries = `usr/lib/${Deno.build.arch}-linux-gnu`;
    const copies = [["usr/local/bin/stalwart", "stalwart"], [`${libraries}/.`, "lib"], [
      loader,
      "loader",
    ]] as const;
    for (const [from, to] of copies) {
      const copied = await call(engine, ["cp", "-L", `${container}:/${from}`, `${next}/${to}`], pullSeconds);
      if (copied === undefined) return undefined;
    }
    await Deno.writeTextFile(
      `${next}/run`,
      `#!/bin/sh\nexec '${root}/loader' --library-path '${root}/lib' '${root}/stalwart' "$@"\n`,
      { mode: 0o755 },
    );
    await Deno.remove(root, { recursive: true }).catch(() => undefined); // The first time there is none.
    await Deno.rename(next, root);
    return program;
  } finally {
    await call(engine, ["rm", "--force", container], answerSeconds);
  }
}

/** What the engine printed, or undefined when it failed or took too long. */
async function call(engine: string, args: readonly string[], seconds: number): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(engine, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(seconds * 1000),
    }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined; // It cannot be run, or was ended for taking too long.
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
