/**
 * What the staff's own pages ask: signing in, setting up by a link. They are no part of the API's document: each answer
 * fits one step of a page, and they may change with it.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import { callerOf } from "../http/caller-address.ts";
import { type ApiEnv, contextOf, createRoute, createRoutes, json, z } from "../http/openapi.ts";
import { setCookie } from "../http/set-cookie.ts";
import { readCookie, sessionCookie } from "../identity/mod.ts";
import { type Begun, ceremonySeconds } from "./ceremony.ts";
import {
  beginPasskeyEnrolment,
  choosePassword,
  enrolWithCode,
  enrolWithPasskey,
  openEnrolment,
} from "./enrol.ts";
import * as steps from "./schemas.ts";
import { beginWithPasskey, beginWithPassword, finishWithCode, finishWithPasskey } from "./sign-in.ts";
import { type Caller, ceremonyCookie, type Staff } from "./staff.ts";

/** A step of a page: its body is checked as any other, its answer is told to nobody else. */
export const step = <Body extends z.ZodType>(path: string, body: Body) =>
  createRoute({
    method: "post",
    path: `/auth/staff/${path}`,
    hide: true,
    request: { body: { required: true, content: json(body) } },
    responses: { 200: { description: "Done" } },
  });

export function staffSignInRoutes(staff: Staff): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(step("password", steps.passwordStep), async (c) => {
    const begun = await beginWithPassword(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return answer(c, keepBinding(c, begun));
  });
  routes.openapi(step("code", steps.codeStep), async (c) => {
    const token = await finishWithCode(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return signedIn(c, token);
  });
  routes.openapi(step("passkey/options", z.strictObject({})), async (c) => {
    return answer(c, keepBinding(c, await beginWithPasskey(staff, contextOf(c), toCaller(c))));
  });
  routes.openapi(step("passkey", steps.passkeyStep), async (c) => {
    const token = await finishWithPasskey(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return signedIn(c, token);
  });

  routes.openapi(step("enrolment", steps.linkStep), async (c) => {
    const opened = await openEnrolment(staff, contextOf(c), toCaller(c), c.req.valid("json").link);
    return answer(c, keepBinding(c, opened));
  });
  routes.openapi(step("enrolment/password", steps.newPasswordStep), async (c) => {
    return answer(c, await choosePassword(staff, contextOf(c), toCaller(c), c.req.valid("json")));
  });
  routes.openapi(step("enrolment/code", steps.codeStep), async (c) => {
    const { token, ...rest } = await enrolWithCode(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return signedIn(c, token, rest);
  });
  routes.openapi(step("enrolment/passkey/options", steps.transactionStep), async (c) => {
    const options = await beginPasskeyEnrolment(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return answer(c, { options });
  });
  routes.openapi(step("enrolment/passkey", steps.newPasskeyStep), async (c) => {
    const { token, ...rest } = await enrolWithPasskey(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return signedIn(c, token, rest);
  });

  return routes;
}

export function toCaller(c: HonoContext<ApiEnv>): Caller {
  const { headers } = c.req.raw;
  return {
    address: callerOf(contextOf(c)),
    binding: readCookie(headers, ceremonyCookie),
    sessionToken: readCookie(headers, sessionCookie),
  };
}

/** Puts the browser's half into its cookie, and the rest into the answer. */
export function keepBinding<T extends Begun>(c: HonoContext<ApiEnv>, begun: T): Omit<T, "binding"> {
  const { binding, ...rest } = begun;
  setCookie(c, ceremonyCookie, binding, ceremonySeconds, "Strict");
  return rest;
}

export function answer(c: HonoContext<ApiEnv>, body: object): Response {
  c.header("cache-control", "no-store");
  return c.json(body, 200);
}

/** As the identity provider's callback sets it: one kind of session, whatever the way in. */
function signedIn(c: HonoContext<ApiEnv>, token: string, body: object = {}): Response {
  setCookie(c, sessionCookie, token);
  return answer(c, body);
}
