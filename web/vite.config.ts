import { paraglideVitePlugin } from "@inlang/paraglide-js";
import adapter from "@sveltejs/adapter-static";
import { sveltekit } from "@sveltejs/kit/vite";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** Where a running stack (or tests/web/dev-server.ts) listens, for `vite dev` only. */
const backend = "http://127.0.0.1:8480";

/** The framework, and the rooms of the first list and of a message; writing, settings and DOMPurify come when asked for. */
function isNeededAtOnce(id: string): boolean {
  if (/runtime\/client\/(entry|client-entry|payload)\.js/.test(id)) return false; // Kit looks for these as files of their own
  if (/node_modules\/.*(svelte|@sveltejs\/kit|devalue|esm-env|clsx)\//.test(id)) return true;
  return /\/src\/lib\/(api|folders|jmap|mail|messages|shell|ui)\/|\/i18n\/(format|locale)/.test(
    id,
  ) &&
    !/\/api\/problems|\/(drafts|submission|outbox|blobs|recipients|move-dialog|bulk-actions|destroy-dialog|expired-dialog|dialog|box-menu|no-box)\./
      .test(id);
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Two runtimes that serve far more than this app asks of them; see plain-values.ts and src/lib/i18n/locale.ts. */
const smallRuntimes: Plugin = {
  name: "small-runtimes",
  enforce: "pre",
  applyToEnvironment: ({ name }) => name === "client",
  resolveId(id, importer) {
    if (id === "devalue") return here("./plain-values.ts");
    const isMessage = id === "../runtime.js" && importer?.includes("/i18n/generated/messages/");
    return isMessage === true ? here("./src/lib/i18n/locale.ts") : undefined;
  },
  transform(code, id) {
    if (!id.includes("/i18n/generated/messages/")) return;
    // Each message comes with its own way of choosing the language: one for all does, 1 kB less, gzipped.
    const chooser =
      /\(\(inputs(?: = \{\})?, options = \{\}\) => \{\s*const locale = .*\s*if \(locale === "fr"\) return (\w+)\(inputs\)\s*return (\w+)\(inputs\)\s*\}\)/;
    return {
      code: code.replace("getLocale, experimentalStaticLocale", "sentence")
        .replace(chooser, "/*#__PURE__*/ sentence($1, $2)"),
      map: null,
    };
  },
};

export default defineConfig({
  plugins: [
    smallRuntimes,
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/lib/i18n/generated",
      // As `deno task web:generate` compiles them; which language it is, src/lib/i18n/locale.ts says.
      strategy: ["localStorage", "baseLocale"],
      disableAsyncLocalStorage: true,
      emitTsDeclarations: true,
    }),
    sveltekit({
      compilerOptions: { runes: true, cssHash: ({ hash, filename }) => `s${hash(filename).slice(0, 5)}` },
      adapter: adapter({ fallback: "200.html", strict: true }),
      version: { pollInterval: 0 },
      paths: { relative: false },
      csp: {
        mode: "hash",
        // The API sends the same policy as a header, with the hash of the start script it reads in 200.html.
        // Inline styles: a message's own style attributes, inside its frame; scripts are hashed or ours.
        directives: {
          "default-src": ["none"],
          "script-src": ["self"],
          "style-src": ["self", "unsafe-inline"],
          "img-src": ["self", "data:", "blob:"],
          "font-src": ["self"],
          "connect-src": ["self"],
          "frame-src": ["self"],
          "manifest-src": ["self"],
          "base-uri": ["none"],
          "form-action": ["self"],
          "object-src": ["none"],
        },
      },
    }),
  ],
  build: {
    target: "es2022",
    rolldownOptions: {
      output: {
        // What every first list needs, in one file: 30 small ones weigh 8 kB more, gzipped, and take 30 requests.
        // Apart stays what must have run before: Kit is told its version first, and takes itself for outdated otherwise.
        codeSplitting: {
          groups: [
            { name: "before", test: /runtime\/client\/payload\.js|vite\/preload-helper/, priority: 1 },
            { name: "webmail", test: isNeededAtOnce },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": backend,
      "/auth": backend,
      "/jmap": { target: backend, ws: true },
    },
  },
});
