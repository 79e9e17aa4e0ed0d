import { afterEach, beforeEach, expect, test } from "vitest";
import { stalwartFromImage } from "../../scripts/stack/stalwart-image.ts";

let directory: string;

beforeEach(async () => {
  directory = await Deno.makeTempDir();
});
afterEach(async () => {
  await Deno.remove(directory, { recursive: true });
});

/** A stand-in for docker, which cannot be had here: "copies" a program of this machine out of its "image". */
async function engine(pullCode = 0): Promise<string> {
  const path = `${directory}/docker`;
  const script = `#!/bin/bash
echo "$1" >> '${directory}/calls'
case $1 in
  pull) exit ${pullCode} ;;
  create) echo c0ffee ;;
  cp) case $3 in
    *stalwart) cp /bin/echo "$4" ;;
    *loader | *ld-linux*) cp -L "/\${3#*:/}" "$4" ;;
    *) cp -L /usr/lib/"$(uname -m)"-linux-gnu/libc.so.6 "$4" ;;
  esac ;;
esac
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

const calls = async () => (await Deno.readTextFile(`${directory}/calls`)).trim().split("\n");

test("the program of the image runs with its own libraries, and is taken out once", async () => {
  const docker = await engine();
  const program = await stalwartFromImage(docker, directory);
  expect(program).toBe(`${directory}/stalwart/run`);
  const { stdout } = await new Deno.Command(program!, { args: ["--version"] }).output();
  expect(new TextDecoder().decode(stdout)).not.toBe("");
  expect(await calls()).toEqual(["info", "pull", "create", "cp", "cp", "cp", "rm"]);
  expect(await stalwartFromImage(docker, directory)).toBe(program);
  expect(await calls()).toHaveLength(7);
});

test("an engine that cannot pull the image gives none and leaves nothing", async () => {
  expect(await stalwartFromImage(await engine(1), directory)).toBeUndefined();
  expect([...Deno.readDirSync(directory)].map(({ name }) => name).sort()).toEqual(["calls", "docker"]);
});
