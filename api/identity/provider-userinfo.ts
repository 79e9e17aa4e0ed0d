/** Userinfo, as JSON or, where the provider signs it, as a JWT: asked at once, the access token lives two minutes. */
import { errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import * as client from "openid-client";
import { isUnreachable } from "./provider-errors.ts";
import { SignInRefused } from "./refusal.ts";

export interface UserinfoExpectations {
  readonly issuer: string;
  readonly clientId: string;
  /** `sub` of the id_token. */
  readonly subject: string;
  readonly keys: JWTVerifyGetKey;
}

/** @throws SignInRefused "provider-unreachable" | "userinfo-malformed" | "userinfo-subject" */
export async function readUserinfo(
  configuration: client.Configuration,
  accessToken: string,
  expected: UserinfoExpectations,
): Promise<unknown> {
  const claims = await fetchClaims(configuration, accessToken, expected);
  const subject = (claims as { sub?: unknown } | null)?.sub;
  if (typeof subject !== "string") throw new SignInRefused("userinfo-malformed");
  if (subject !== expected.subject) throw new SignInRefused("userinfo-subject");
  return claims;
}

async function fetchClaims(
  configuration: client.Configuration,
  accessToken: string,
  expected: UserinfoExpectations,
): Promise<unknown> {
  const { userinfo_endpoint, mtls_endpoint_aliases } = configuration.serverMetadata();
  const address = configuration.clientMetadata().use_mtls_endpoint_aliases
    ? mtls_endpoint_aliases?.userinfo_endpoint ?? userinfo_endpoint
    : userinfo_endpoint;
  let response: Response;
  let body: string;
  try {
    response = await client.fetchProtectedResource(
      configuration,
      accessToken,
      new URL(address ?? ""),
      "GET",
      null,
      new Headers({ accept: "application/json, application/jwt" }),
    );
    body = await response.text();
  } catch (cause) {
    throw new SignInRefused(isUnreachable(cause) ? "provider-unreachable" : "userinfo-malformed", { cause });
  }
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (response.status >= 500) throw new SignInRefused("provider-unreachable");
  if (response.status !== 200) throw new SignInRefused("userinfo-malformed");
  if (type === "application/jwt") return await openSigned(body, expected);
  try {
    if (type === "application/json") return JSON.parse(body);
  } catch (cause) {
    throw new SignInRefused("userinfo-malformed", { cause });
  }
  // A page of HTML: something in front of the provider answers in its place.
  throw new SignInRefused("provider-unreachable");
}

async function openSigned(token: string, expected: UserinfoExpectations): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, expected.keys, {
      algorithms: ["RS256"],
      issuer: expected.issuer,
      audience: expected.clientId,
      clockTolerance: 10,
    });
    return payload;
  } catch (cause) {
    const isKeys = cause instanceof errors.JWKSTimeout || cause instanceof TypeError;
    throw new SignInRefused(isKeys ? "provider-unreachable" : "userinfo-malformed", { cause });
  }
}
