export interface WebhookSettings {
  /** For development and tests: http and addresses of private networks are allowed. */
  readonly isPrivateAllowed: boolean;
  readonly timeoutSeconds: number;
  /** A webhook whose every call has failed for as long is disabled. */
  readonly disableAfterDays: number;
}
