/**
 * The discovery document, as the integration platform published it (early 2025), with its oddities: it is not at the
 * standard path, announces algorithms and grants that no client gets, and its `acr_values_supported` is of no use.
 */
export const realmPath = "/auth/realms/esante-wallet";
const protocolPath = `${realmPath}/protocol/openid-connect`;

/** Paths of the endpoints. The browser's one (`wallet.*` in the real service) is outside the issuer's path. */
export const paths = {
  discovery: `${realmPath}/.well-known/wallet-openid-configuration`,
  authorization: "/auth",
  signInPage: "/auth/connexion",
  token: `${protocolPath}/token`,
  userinfo: `${protocolPath}/userinfo`,
  jwks: `${protocolPath}/certs`,
  introspection: `${protocolPath}/token/introspect`,
  revocation: `${protocolPath}/revoke`,
  endSession: `${protocolPath}/logout`,
  ciba: `${protocolPath}/ext/ciba/auth`,
  /** The person's phone, simulated by a page. */
  phone: "/telephone",
} as const;

export const decoupledGrant = "urn:openid:params:grant-type:ciba";

/** Lifetimes in seconds: what ANS writes of its tokens and of its session. */
export const lifetimes = {
  accessToken: 120,
  refreshToken: 1_790,
  idToken: 120,
  sessionIdle: 1_800,
  session: 14_400,
  code: 60,
  decoupled: 120,
} as const;

const signatureAlgorithms = [
  "PS384",
  "RS384",
  "EdDSA",
  "ES384",
  "HS256",
  "HS512",
  "ES256",
  "RS256",
  "HS384",
  "ES512",
  "PS256",
  "PS512",
  "RS512",
];

/**
 * @param origin e.g. `http://127.0.0.1:8490`, without a trailing slash
 * @param door where clients show their certificates; the real service names the same host again
 */
export function discoveryDocument(origin: string, door: string = origin): Record<string, unknown> {
  const at = (path: string) => `${origin}${path}`;
  const aliases = {
    token_endpoint: `${door}${paths.token}`,
    revocation_endpoint: `${door}${paths.revocation}`,
    introspection_endpoint: `${door}${paths.introspection}`,
    userinfo_endpoint: `${door}${paths.userinfo}`,
    backchannel_authentication_endpoint: `${door}${paths.ciba}`,
  };
  return {
    issuer: at(realmPath),
    authorization_endpoint: at(paths.authorization),
    token_endpoint: at(paths.token),
    introspection_endpoint: at(paths.introspection),
    userinfo_endpoint: at(paths.userinfo),
    end_session_endpoint: at(paths.endSession),
    jwks_uri: at(paths.jwks),
    revocation_endpoint: at(paths.revocation),
    backchannel_authentication_endpoint: at(paths.ciba),
    grant_types_supported: [
      "authorization_code",
      "implicit",
      "refresh_token",
      "password",
      "client_credentials",
      "urn:openid:params:grant-type:ciba",
      "urn:ietf:params:oauth:grant-type:device_code",
    ],
    response_types_supported: [
      "code",
      "none",
      "id_token",
      "token",
      "id_token token",
      "code id_token",
      "code token",
      "code id_token token",
    ],
    subject_types_supported: ["public", "pairwise"],
    id_token_signing_alg_values_supported: signatureAlgorithms,
    userinfo_signing_alg_values_supported: [...signatureAlgorithms, "none"],
    response_modes_supported: ["query", "fragment", "form_post"],
    token_endpoint_auth_methods_supported: [
      "private_key_jwt",
      "client_secret_basic",
      "client_secret_post",
      "tls_client_auth",
      "client_secret_jwt",
    ],
    acr_values_supported: ["0", "0"],
    claims_supported: [
      "aud",
      "sub",
      "iss",
      "auth_time",
      "name",
      "given_name",
      "family_name",
      "preferred_username",
      "email",
      "acr",
    ],
    claim_types_supported: ["normal"],
    claims_parameter_supported: true,
    scopes_supported: [
      "openid",
      "rpps",
      "referentiel",
      "identity",
      "profile",
      "email",
      "scope_all",
      "scope_1",
      "scope_2",
      "interop",
      "eidas1",
      "eidas2",
      "offline_access",
      "acr",
      "basic",
    ],
    request_parameter_supported: true,
    request_uri_parameter_supported: true,
    require_request_uri_registration: true,
    code_challenge_methods_supported: ["plain", "S256"],
    tls_client_certificate_bound_access_tokens: true,
    backchannel_token_delivery_modes_supported: ["poll", "ping"],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    require_pushed_authorization_requests: false,
    mtls_endpoint_aliases: aliases,
    authorization_response_iss_parameter_supported: true,
  };
}
