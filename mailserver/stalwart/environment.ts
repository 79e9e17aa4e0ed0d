/**
 * The server's environment: the only way in which it gets its secrets. A missing one is a refusal to start: without
 * DIRECTORY_DB_PASSWORD the server drops the SQL directory, authenticates against its own old copies of the hashes,
 * and lets in whoever was suspended in SQL (README.md, surprise 4); without STALWART_HOOK_SECRET no submission is
 * told to the platform.
 */
import { StartFailure } from "../../scripts/stack/failure.ts";
import { requiredEnvironment } from "./plan.ts";

/** Stack of the server's threads: a build without optimisation dies at its first management call with less. */
const threadStackBytes = "33554432";

/**
 * The whole environment of a normal start.
 *
 * @throws StartFailure naming every variable of the plan that is absent or empty
 */
export function serverEnvironment(
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const missing = requiredEnvironment.filter((name) => (values[name] ?? "") === "");
  if (missing.length > 0) {
    throw new StartFailure(
      `The mail server is not started: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing.`,
    );
  }
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    RUST_MIN_STACK: threadStackBytes,
    ...Object.fromEntries(requiredEnvironment.map((name) => [name, values[name]!])),
  };
}

/**
 * Adds what a recovery start needs. The proxy variables point to a port where nothing listens: they stop the one
 * download (the web interface) that the server begins before any setting can forbid it.
 */
export function recoveryEnvironment(
  environment: Readonly<Record<string, string>>,
  recovery: { readonly port: number; readonly login: string; readonly secret: string },
): Record<string, string> {
  const nowhere = "http://127.0.0.1:9";
  return {
    ...environment,
    STALWART_RECOVERY_MODE: "1",
    STALWART_RECOVERY_MODE_PORT: String(recovery.port),
    STALWART_RECOVERY_ADMIN: `${recovery.login}:${recovery.secret}`,
    http_proxy: nowhere,
    https_proxy: nowhere,
  };
}
