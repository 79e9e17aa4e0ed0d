import type { Keys } from "./keys.ts";
import type { IssuedSession } from "./logout.ts";
import type { MintedTokens } from "./minted.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import type { Person } from "./people.ts";
import type { Phones } from "./phones.ts";

/** A registered client. URIs are compared character for character. */
export interface SimulatedClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Where it is told of sessions that have ended. */
  readonly backChannelLogoutUri?: string | undefined;
  /** Must show a certificate whose common name is its id; its secret opens nothing. */
  readonly isMutualTls?: boolean | undefined;
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly clients: readonly SimulatedClient[];
  readonly people: readonly Person[];
  readonly keys: Keys;
  readonly cookieKey: string;
  readonly misbehaviour: () => Misbehaviour;
  /** Access tokens made by the control port. */
  readonly minted: MintedTokens;
  readonly phones: Phones;
  /** Told of each session that a client is given tokens of. */
  readonly onIssued: (session: IssuedSession) => void;
}
