import { paraglideVitePlugin } from "@inlang/paraglide-js";
import adapter from "@sveltejs/adapter-static";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

/** Where a running stack (or tests/web/dev-server.ts) listens, for `vite dev` only. */
const backend = "http://127.0.0.1:8480";

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/lib/i18n/generated",
      // French unless the person chose otherwise: the browser's language says little on a shared hospital machine.
      strategy: ["localStorage", "baseLocale"],
      localStorageKey: "mss.locale",
      disableAsyncLocalStorage: true,
      emitTsDeclarations: true,
    }),
    sveltekit({
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
  build: { target: "es2022" },
  server: {
    proxy: {
      "/api": backend,
      "/auth": backend,
      "/jmap": { target: backend, ws: true },
    },
  },
});
