import type { Context as HonoContext } from "hono";
import type { ApiEnv } from "./openapi.ts";

/**
 * Of this host alone, for https alone, for no script.
 *
 * @param sameSite Lax where people come back from the provider's host, Strict where nobody comes from elsewhere
 */
export function setCookie(
  c: HonoContext<ApiEnv>,
  name: string,
  value: string,
  maxAgeSeconds?: number,
  sameSite: "Lax" | "Strict" = "Lax",
): void {
  const age = maxAgeSeconds === undefined ? "" : `; Max-Age=${maxAgeSeconds}`;
  c.header("set-cookie", `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}${age}`, {
    append: true,
  });
}
