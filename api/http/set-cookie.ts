import type { Context as HonoContext } from "hono";
import type { ApiEnv } from "./openapi.ts";

/** Of this host alone, for https alone, for no script; Lax, since people come back from the provider's host. */
export function setCookie(c: HonoContext<ApiEnv>, name: string, value: string, maxAgeSeconds?: number): void {
  const age = maxAgeSeconds === undefined ? "" : `; Max-Age=${maxAgeSeconds}`;
  c.header("set-cookie", `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax${age}`, { append: true });
}
