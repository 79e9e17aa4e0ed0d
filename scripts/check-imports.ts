/**
 * The direction of imports, so that the rooms of the house stay rooms. For `api/` the module graph is Deno's own
 * (`deno info --json`); for `web/src` the imports are read from the .ts and .svelte files, which Deno cannot graph.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Fault, lineAt, listFiles, report, runText } from "./check-report.ts";
import { findCycles, type Import } from "./check-import-cycles.ts";
import { readWebImports, webFault } from "./check-web-imports.ts";

/** Rooms of `api/` that every domain may use file by file: they are the frame, not a domain. */
const frame = new Set(["http", "database", "problems"]);
/** Files that put the whole together, and so may name a domain's routes. */
const composition = /^api\/(app|main|worker|openapi)\.ts$/;

/** Faults of direction, of forbidden libraries, of environment access and of cycles under `root`. */
export async function checkImports(root: string): Promise<Fault[]> {
  const files = await listFiles(root);
  const api = files.filter((file) => /^api\/.*\.ts$/.test(file));
  const web = files.filter((file) =>
    /^web\/src\/.*\.(ts|js|svelte)$/.test(file) && !file.includes("/generated/")
  );
  const apiImports = await readApiImports(root, api);
  const webImports = await readWebImports(root, web);
  return [
    ...apiImports.flatMap((one) => asFaults(one, apiFault(one))),
    ...await findEnvironmentReads(root, api),
    ...webImports.flatMap((one) => asFaults(one, webFault(one))),
    ...findCycles(apiImports),
    ...findCycles(webImports),
  ];
}

function asFaults(one: Import, sentence: string | undefined): Fault[] {
  return sentence === undefined ? [] : [{ file: one.from, line: one.line, sentence }];
}

/** The sentence that says why an import of `api/` is refused, or undefined when it is in order. */
export function apiFault({ from, specifier, to }: Import): string | undefined {
  const name = from.slice(from.lastIndexOf("/") + 1);
  const room = from.split("/")[1] ?? "";
  const library = specifier.replace(/^npm:/, "");
  const isRoutes = /^(.*-)?routes\.ts$/.test(name);
  if (/^(@hono\/[^/]+|hono)([/@]|$)/.test(library) && room !== "http" && !isRoutes && from !== "api/app.ts") {
    // A schema needs the `z` that carries OpenAPI names; nothing else of Hono.
    const isSchema = /^(.*-)?schemas\.ts$/.test(name) && library.startsWith("@hono/zod-openapi");
    if (!isSchema) return `imports ${specifier}: Hono belongs in routes.ts, api/http and api/app.ts.`;
  }
  const mayKysely = room === "database" || /^(.*-)?queries\.ts$/.test(name) || from === "api/context.ts"; // names its type
  if (/^kysely([/@]|$)/.test(library) && !mayKysely) {
    return `imports ${specifier}: Kysely belongs in queries.ts and api/database.`;
  }
  if (to === undefined) return undefined;
  if (/^(web|tests|scripts|load|infra)\//.test(to)) {
    return `imports ${to}: the API stands without ${to.slice(0, to.indexOf("/"))}.`;
  }
  const target = to.split("/");
  if (target[0] !== "api" || target.length < 3) return undefined;
  const domain = target[1] ?? "";
  if (domain === room || frame.has(domain) || to === `api/${domain}/mod.ts`) return undefined;
  if (composition.test(from) && target.length === 3) return undefined;
  return `imports ${to}: another domain is reached through its mod.ts.`;
}

interface DenoInfo {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: Resolved;
      readonly type?: Resolved;
    }[];
  }[];
}
interface Resolved {
  readonly specifier?: string;
  readonly span?: { readonly start: { readonly line: number } };
}

/** Every import of the files of `api/`, also of those that no entry reaches yet. */
async function readApiImports(root: string, files: readonly string[]): Promise<Import[]> {
  if (files.length === 0) return [];
  const directory = await mkdtemp(join(tmpdir(), "check-imports-"));
  try {
    const entry = join(directory, "entry.ts");
    await writeFile(
      entry,
      files.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)).href)};`).join("\n"),
    );
    const hasConfig = await readFile(join(root, "deno.json")).then(() => true, () => false);
    const configuration = hasConfig ? ["--config", join(root, "deno.json")] : ["--no-config", "--no-npm"];
    const output = await runText(process.execPath, [
      "info",
      "--json",
      "--no-remote",
      "--no-lock",
      ...configuration,
      entry,
    ]);
    if (output === undefined) throw new Error("deno info failed: are the dependencies installed?");
    const known = new Set(files);
    return (JSON.parse(output) as DenoInfo).modules.flatMap((module) => {
      const from = pathFromRoot(root, module.specifier);
      if (from === undefined || !known.has(from)) return [];
      return (module.dependencies ?? []).map((dependency): Import => {
        const resolved = dependency.code ?? dependency.type;
        const to = pathFromRoot(root, resolved?.specifier);
        const line = (resolved?.span?.start.line ?? 0) + 1;
        return { from, specifier: dependency.specifier, to, line };
      });
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function pathFromRoot(root: string, specifier: string | undefined): string | undefined {
  if (specifier === undefined || !specifier.startsWith("file:")) return undefined;
  const path = relative(root, fileURLToPath(specifier)).replaceAll("\\", "/");
  return path.startsWith("..") ? undefined : path;
}

/** Only api/config.ts reads the environment: all else receives what it needs. */
async function findEnvironmentReads(root: string, files: readonly string[]): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const file of files.filter((path) => path !== "api/config.ts")) {
    const text = await readFile(join(root, file), "utf8");
    const code = text.replace(
      /\/\*[\s\S]*?\*\/|(?<=^|[\s;{}()])\/\/.*$/gm,
      (note) => note.replace(/[^\n]/g, " "),
    );
    for (const match of code.matchAll(/\b(?:Deno|process)\s*\.\s*env\b|\bimport\.meta\.env\b/g)) {
      faults.push({
        file,
        line: lineAt(code, match.index),
        sentence: `reads ${match[0]}: only api/config.ts reads the environment.`,
      });
    }
  }
  return faults;
}

if (import.meta.main) await report("check:imports", checkImports);
