/** What the steps answer (api/staff/schemas.ts); they are no part of the API's document. */
export interface SecretCard {
  readonly secret: string;
  readonly uri: string;
  readonly qrSvg: string;
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly isSynced: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  /** A copy of it was seen: it lets nobody in any more. */
  readonly isRefused: boolean;
}

export interface Factors {
  readonly login: string;
  readonly passwordSetAt: string | null;
  readonly totpSetAt: string | null;
  readonly recoveryCodesLeft: number;
  readonly passkeys: readonly Passkey[];
  /** Until when a change asks for nothing more. */
  readonly recentUntil: string | null;
}
