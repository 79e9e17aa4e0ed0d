/** One's own factors, for the pages of the console. Like the sign-in's steps, no part of the API's document. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoute, createRoutes, z } from "../http/openapi.ts";
import {
  addPasskey,
  beginPasskey,
  beginTotp,
  changePassword,
  finishTotp,
  readFactors,
  removePasskey,
  renewRecoveryCodes,
} from "./own-factors.ts";
import * as steps from "./schemas.ts";
import { answer, keepBinding, step, toCaller } from "./sign-in-routes.ts";
import type { Staff } from "./staff.ts";
import { beginStepUp, stepUpWithCode, stepUpWithPasskey } from "./step-up.ts";

const nothing = z.strictObject({});
const readRoute = createRoute({
  method: "get",
  path: "/auth/staff/factors",
  hide: true,
  responses: { 200: { description: "The person's own factors" } },
});
const removeRoute = createRoute({
  method: "delete",
  path: "/auth/staff/factors/passkeys/{passkeyId}",
  hide: true,
  request: { params: steps.passkeyParam },
  responses: { 200: { description: "Removed" } },
});

export function staffFactorRoutes(staff: Staff): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(
    readRoute,
    async (c) => answer(c, steps.toFactorsBody(await readFactors(staff, contextOf(c)))),
  );

  routes.openapi(step("step-up", steps.stepUp), async (c) => {
    await stepUpWithCode(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return answer(c, {});
  });
  routes.openapi(step("step-up/passkey/options", nothing), async (c) => {
    return answer(c, keepBinding(c, await beginStepUp(staff, contextOf(c), toCaller(c))));
  });
  routes.openapi(step("step-up/passkey", steps.passkeyStep), async (c) => {
    await stepUpWithPasskey(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return answer(c, {});
  });

  routes.openapi(step("factors/password", steps.newPassword), async (c) => {
    await changePassword(staff, contextOf(c), c.req.valid("json").password);
    return answer(c, {});
  });
  routes.openapi(step("factors/totp/options", nothing), async (c) => {
    return answer(c, keepBinding(c, await beginTotp(staff, contextOf(c), toCaller(c))));
  });
  routes.openapi(step("factors/totp", steps.codeStep), async (c) => {
    await finishTotp(staff, contextOf(c), toCaller(c), c.req.valid("json"));
    return answer(c, {});
  });
  routes.openapi(step("factors/recovery-codes", nothing), async (c) => {
    return answer(c, { recoveryCodes: await renewRecoveryCodes(staff, contextOf(c)) });
  });
  routes.openapi(step("factors/passkeys/options", nothing), async (c) => {
    return answer(c, keepBinding(c, await beginPasskey(staff, contextOf(c), toCaller(c))));
  });
  routes.openapi(step("factors/passkeys", steps.newPasskeyStep), async (c) => {
    const caller = toCaller(c);
    return answer(c, steps.toPasskeyBody(await addPasskey(staff, contextOf(c), caller, c.req.valid("json"))));
  });
  routes.openapi(removeRoute, async (c) => {
    await removePasskey(staff, contextOf(c), c.req.valid("param").passkeyId);
    return answer(c, {});
  });

  return routes;
}
