/**
 * The platform as one function, Request → Response, in web standards alone: order of the middleware, rooms, errors.
 * Pure but for what `deps` holds: tests call it as main.ts does.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Actor, AppDeps } from "./context.ts";
import { appPasswordRoutes } from "./client-access/app-password-routes.ts";
import { structureAppPasswordRoutes } from "./client-access/structure-routes.ts";
import { appPasswordExportRoutes } from "./csv-exports/app-password-routes.ts";
import { clientCertificateRoutes } from "./client-access/certificate-routes.ts";
import { batchLineRoutes } from "./bulk/line-routes.ts";
import { batchRoutes } from "./bulk/routes.ts";
import { auditRoutes } from "./audit/routes.ts";
import { inactivityRoutes } from "./inactivity/routes.ts";
import { csvExportRoutes } from "./csv-exports/routes.ts";
import { auditExportRoutes } from "./csv-exports/audit-routes.ts";
import { authenticate, requireSignIn } from "./http/authenticate.ts";
import { limitBody, requireJson } from "./http/body.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import { withDirectRoute } from "./http/direct-route.ts";
import { docsRoutes, openApiDocument } from "./http/docs.ts";
import { idempotency } from "./http/idempotency.ts";
import { healthRoutes } from "./http/health.ts";
import { type ApiEnv, createRoutes } from "./http/openapi.ts";
import { rateLimit } from "./http/rate-limit.ts";
import { renderProblem } from "./http/render-problem.ts";
import { requestId } from "./http/request-id.ts";
import { type OriginRule, requireSameOrigin } from "./http/same-origin.ts";
import { inlineScriptHashes, securityHeaders } from "./http/security-headers.ts";
import { staticWeb } from "./http/static-web.ts";
import { backChannelLogoutPath, backChannelRoutes } from "./identity/back-channel-routes.ts";
import { decoupledRoutes } from "./identity/decoupled-routes.ts";
import { createIdentity, findActor, isSameOrigin, needsSameOrigin, usesServiceKey } from "./identity/mod.ts";
import { ownSessionRoutes } from "./identity/own-session-routes.ts";
import { identityRoutes } from "./identity/routes.ts";
import { createGateway, createGatewayRoutes, jmapApiRoute } from "./jmap-gateway/mod.ts";
import { createOauth, findTokenActor, usesAccessToken, withChallenge } from "./oauth/mod.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import { oauthServerRoutes } from "./oauth/server-routes.ts";
import { erasureRoutes } from "./privacy/erasure-routes.ts";
import { exportRoutes } from "./privacy/export-routes.ts";
import { privacyRoutes } from "./privacy/routes.ts";
import { problem } from "./problems.ts";
import { addressRoutes } from "./mailboxes/address-routes.ts";
import { closingRoutes } from "./mailboxes/closing-routes.ts";
import { delegationRoutes } from "./mailboxes/delegation-routes.ts";
import { mailboxRoutes } from "./mailboxes/routes.ts";
import { memberRoutes } from "./mailboxes/member-routes.ts";
import { personSessionRoutes } from "./people/session-routes.ts";
import { departureRoutes } from "./people/departure-routes.ts";
import { autoconfigurationRoutes, publicPaths } from "./autoconfiguration/routes.ts";
import { invitationRoutes } from "./people/invitation-routes.ts";
import { operatorRoleRoutes } from "./people/operator-role-routes.ts";
import { peopleRoutes } from "./people/routes.ts";
import { domainRoutes } from "./tenancy/domain-routes.ts";
import { moveRoutes } from "./mailboxes/move-routes.ts";
import { membershipRoutes } from "./tenancy/membership-routes.ts";
import { staffFactorRoutes } from "./staff/factor-routes.ts";
import { createStaff } from "./staff/mod.ts";
import { staffRoutes } from "./staff/routes.ts";
import { staffSignInRoutes } from "./staff/sign-in-routes.ts";
import { serviceAccountRoutes } from "./service-accounts/routes.ts";
import { tenancyRoutes } from "./tenancy/routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";
import { trustSpaceRoutes } from "./trust-space/routes.ts";

/** Largest body of `/api/v1`; the gateway has its own limits. */
const bodyLimitBytes = 1_048_576;
/** Largest import file. */
const csvLimitBytes = 10_485_760;

export function createApp(deps: AppDeps): OpenAPIHono<ApiEnv> {
  const { config } = deps;
  const identity = createIdentity(deps);
  const staff = createStaff(deps, identity);
  const oauth = createOauth(deps, identity);
  const web = staticWeb(config.webDirectory);
  const app = createRoutes();
  app.onError((error, c) => renderProblem(error, c, deps));
  app.notFound((c) => renderProblem(problem("not-found"), c, deps));

  app.use(requestId);
  app.use(securityHeaders(config.baseUrl, inlineScriptHashes(web.shell)));
  app.route("/", healthRoutes(deps));
  app.route("/", docsRoutes(() => openApiDocument(app, config.baseUrl)));

  const originRule: OriginRule = {
    needsSameOrigin,
    // Software has no origin; its key is no cookie that another site could have sent along.
    isSameOrigin: (headers, baseUrl) =>
      usesServiceKey(headers) || usesAccessToken(headers) || isSameOrigin(headers, baseUrl),
  };
  const origin = requireSameOrigin(config.baseUrl, originRule);
  const who = authenticate(deps, (_deps, request) => findActor(identity, request));
  // A token of a program is good for JMAP alone.
  const findMailActor = async (request: Request): Promise<Actor> =>
    usesAccessToken(request.headers)
      ? await findTokenActor(identity, request.headers, config.oauth.frontKey) ?? { kind: "anonymous" }
      : await findActor(identity, request);
  const limit = rateLimit(deps);
  // The identity provider is no browser: its signature is its proof.
  app.use(backChannelLogoutPath, authenticate(deps, () => Promise.resolve({ kind: "anonymous" })), limit);
  app.route("/", backChannelRoutes(identity, config.proSanteConnect.logoutTokenType));
  for (const path of ["/api/*", "/auth/*"]) app.use(path, origin, who);
  app.use("/jmap/*", origin, authenticate(deps, (_deps, request) => findMailActor(request)));
  for (const path of ["/api/*", "/auth/*"]) app.use(path, limit);
  // The mail server's hook is no browser: it proves itself by its own secret.
  const nobody = authenticate(deps, () => Promise.resolve({ kind: "anonymous" }));
  app.use("/internal/*", nobody);
  // Programs have no origin either: what they hold is their proof. Only our own page's answer needs one.
  app.use("/oauth/authorize", origin, who, limit);
  for (const path of ["/oauth/token", "/oauth/revoke", "/.well-known/oauth-authorization-server"]) {
    app.use(path, nobody, limit);
  }
  app.route("/", oauthServerRoutes(oauth));
  // Mail clients ask before anybody has signed in.
  for (const path of publicPaths) app.use(path, nobody, limit);
  app.use("/auth/staff/*", limitBody(bodyLimitBytes, csvLimitBytes), requireJson);
  app.use("/api/v1/*", requireSignIn, limitBody(bodyLimitBytes, csvLimitBytes), requireJson, idempotency);

  app.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "__Host-mss_session",
    description: "Opaque; given by the sign-in with Pro Santé Connect at /auth/sign-in.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "serviceKey", {
    type: "http",
    scheme: "bearer",
    description: "A key of a service account (mss_sk_…): it may do what its scopes name, in its structure.",
  });
  app.route("/", identityRoutes(identity));
  app.route("/", ownSessionRoutes(identity));
  app.route("/", decoupledRoutes(identity));
  app.route("/", staffSignInRoutes(staff));
  app.route("/", staffFactorRoutes(staff));
  // Before the lists, whose items they would else be taken for: /mailboxes/export is no mailbox.
  app.route("/", csvExportRoutes());
  for (
    const routes of [
      tenancyRoutes(),
      domainRoutes(),
      membershipRoutes(),
      peopleRoutes(),
      departureRoutes(),
      personSessionRoutes(identity),
      operatorRoleRoutes(),
      staffRoutes(staff),
      oauthRoutes(oauth),
      serviceAccountRoutes(),
      invitationRoutes(deps),
      mailboxRoutes(),
      memberRoutes(),
      addressRoutes(),
      delegationRoutes(),
      moveRoutes(),
      closingRoutes(config.closedMailRetentionDays),
      appPasswordRoutes(config.appPasswordDays),
      structureAppPasswordRoutes(),
      appPasswordExportRoutes(),
      clientCertificateRoutes(),
      batchRoutes(),
      inactivityRoutes(config.inactivity),
      batchLineRoutes(),
      auditRoutes(),
      auditExportRoutes(),
      webhookRoutes(config.webhooks),
      privacyRoutes(),
      exportRoutes(config.privacy.exportDirectory),
      erasureRoutes({
        grace: config.privacy.erasureGraceDays,
        trace: config.privacy.traceRetentionDays,
        mail: config.closedMailRetentionDays,
      }),
    ]
  ) {
    app.route("/", routes);
  }
  app.route("/", dashboardRoutes(deps));
  app.route("/", autoconfigurationRoutes(deps));
  app.route("/", trustSpaceRoutes(deps));
  const gateway = createGateway(deps);
  app.route("/", createGatewayRoutes(gateway));
  app.route("/", web.routes);
  app.fetch = withChallenge(
    withDirectRoute(app.fetch, jmapApiRoute(gateway), { deps, origin: originRule, findActor: findMailActor }),
  );
  return app;
}
