import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

/** Only .svelte files: `deno lint` reads the TypeScript, and finds nothing in a component. */
export default ts.config(
  { ignores: ["build/", ".svelte-kit/", "node_modules/", "src/lib/i18n/generated/", "**/*.ts", "**/*.js"] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    files: ["**/*.svelte"],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"] },
    },
    rules: {
      eqeqeq: "error",
      "svelte/no-at-html-tags": "error",
      "svelte/no-navigation-without-resolve": "off",
      "svelte/button-has-type": "error",
    },
  },
);
