/** What the server is (RFC 8414), with the door of software beside its own (RFC 8705 §5). */
import { tokenExchange } from "./exchange.ts";
import type { Oauth } from "./oauth.ts";
import { mailScope } from "./settings.ts";

export const metadataPath = "/.well-known/oauth-authorization-server";

export function metadataOf({ baseUrl, settings: { frontUrl } }: Oauth) {
  const clientAuthentication = ["none", ...(frontUrl === null ? [] : ["tls_client_auth"])];
  return {
    issuer: baseUrl,
    authorization_endpoint: `${baseUrl}/oauth/authorize`,
    token_endpoint: `${baseUrl}/oauth/token`,
    token_endpoint_auth_methods_supported: clientAuthentication,
    revocation_endpoint: `${baseUrl}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: clientAuthentication,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      ...(frontUrl === null ? [] : [tokenExchange]),
    ],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: [mailScope],
    ui_locales_supported: ["fr", "en"],
    tls_client_certificate_bound_access_tokens: frontUrl !== null,
    ...(frontUrl === null ? {} : {
      // A certificate can be shown there alone.
      mtls_endpoint_aliases: {
        token_endpoint: `${frontUrl}/oauth/token`,
        revocation_endpoint: `${frontUrl}/oauth/revoke`,
      },
    }),
  };
}
