export interface WebhookSettings {
  /** For development and tests: http and addresses of private networks are allowed. */
  readonly isPrivateAllowed: boolean;
  readonly timeoutSeconds: number;
  /** A webhook whose every call has failed for as long is disabled. */
  readonly disableAfterDays: number;
  /** How long a secret that is replaced goes on signing beside the new one, unless the request says otherwise. */
  readonly secretOverlapHours: number;
}
