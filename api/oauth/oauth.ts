/** The room's dependencies, made once per process. */
import type { OauthSettings } from "../config-oauth.ts";
import type { AppDeps, Context } from "../context.ts";
import { type Guard, openGuard } from "../guard/mod.ts";
import { createSeal, type Identity, type Seal, type SessionCache } from "../identity/mod.ts";

export interface Oauth {
  readonly db: Context["db"];
  readonly now: () => Date;
  readonly baseUrl: string;
  readonly cache: SessionCache;
  readonly provider: Identity["provider"];
  readonly guard: Guard;
  readonly seal: Seal;
  readonly settings: OauthSettings;
}

export function createOauth(deps: AppDeps, identity: Identity): Oauth {
  const { config } = deps;
  return {
    db: deps.db,
    now: deps.now,
    baseUrl: config.baseUrl,
    cache: identity.cache,
    provider: identity.provider,
    guard: openGuard(deps),
    seal: createSeal(config.session.keys),
    settings: config.oauth,
  };
}
