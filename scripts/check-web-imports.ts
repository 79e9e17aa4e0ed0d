/** The direction of imports inside `web/src/lib`: ui ← features → mail → jmap (house rule B8). */

import { readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { lineAt } from "./check-report.ts";
import type { Import } from "./check-import-cycles.ts";

/** Rooms of `web/src/lib` that every other room may use, and that use no room above them. */
const ground = new Set(["i18n"]);

/** The sentence that says why an import of `web/src` is refused, or undefined when it is in order. */
export function webFault({ from, specifier, to }: Import): string | undefined {
  const room = roomOf(from);
  if (to?.startsWith("api/") === true || /^(\.\.\/)+api\//.test(specifier)) {
    return `imports ${to ?? specifier}: the web knows the API by its generated types only.`;
  }
  if (
    room === "jmap" && (/^svelte([/]|$)|^\$app\/|^@sveltejs\//.test(specifier) || to?.includes(".svelte"))
  ) {
    return `imports ${specifier}: lib/jmap is protocol only and knows no Svelte.`;
  }
  if (room === undefined || to === undefined) return undefined;
  const target = roomOf(to);
  if (target === undefined) {
    return to.startsWith("web/src/routes/") ? `imports ${to}: a library does not know the pages.` : undefined;
  }
  if (target === room || ground.has(target)) return undefined;
  const direction = (sentence: string) => `imports ${to}: ${sentence}`;
  if (room === "jmap") return direction("lib/jmap imports no other room.");
  if (room === "ui") return direction("lib/ui imports nothing above it.");
  if (room === "i18n" || room === "api") return direction(`lib/${room} imports no other room.`);
  if (room === "mail") {
    return target === "jmap" || target === "api" ? undefined : direction("lib/mail imports lib/jmap only.");
  }
  return target === "jmap" ? direction("a feature talks to lib/mail, never to lib/jmap.") : undefined;
}

function roomOf(file: string): string | undefined {
  const parts = file.split("/");
  return parts[0] === "web" && parts[1] === "src" && parts[2] === "lib" && parts.length > 4
    ? parts[3]
    : undefined;
}

/** Every import of the given .ts, .js and .svelte files, resolved to a file of the repository where it names one. */
export async function readWebImports(root: string, files: readonly string[]): Promise<Import[]> {
  const known = new Set(files);
  const imports: Import[] = [];
  for (const from of files) {
    const code = scriptsOf(from, await readFile(join(root, from), "utf8"));
    for (const reference of ts.preProcessFile(code, true, true).importedFiles) {
      const line = lineAt(code, reference.pos);
      const to = resolve(from, reference.fileName, known);
      imports.push({ from, specifier: reference.fileName, to, line });
    }
  }
  return imports;
}

/** A .svelte file with everything outside its `<script>` blocks blanked, so that line numbers stay. */
function scriptsOf(file: string, text: string): string {
  if (!file.endsWith(".svelte")) return text;
  const blank = (part: string) => part.replace(/[^\n]/g, " ");
  let code = "";
  let position = 0;
  for (const match of text.matchAll(/(<script\b[^>]*>)([\s\S]*?)<\/script>/g)) {
    const start = match.index + (match[1]?.length ?? 0);
    const body = match[2] ?? "";
    code += blank(text.slice(position, start)) + body;
    position = start + body.length;
  }
  return code + blank(text.slice(position));
}

function resolve(from: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const alias = /^[#$]lib(?:\/(.*))?$/.exec(specifier);
  const path = alias !== null
    ? `web/src/lib/${alias[1] ?? "index.ts"}`
    : specifier.startsWith(".")
    ? normalize(join(dirname(from), specifier)).replaceAll("\\", "/")
    : undefined;
  if (path === undefined) return undefined;
  const stem = path.replace(/\.js$/, "");
  return [path, `${stem}.ts`, `${path}.ts`, `${path}/index.ts`].find((one) => known.has(one)) ??
    (/^(api|web)\//.test(path) ? path : undefined);
}
