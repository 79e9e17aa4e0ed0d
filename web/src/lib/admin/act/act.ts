/** An act that a person is asked about before it happens (confirm-act.svelte). */

/** One thing that will happen: what, and to what. */
export interface Effect {
  readonly text: string;
  readonly tone?: "plain" | "danger" | "good";
}

export interface Act {
  readonly title: string;
  /** Of the button that does it: a verb and its object, never « OK ». */
  readonly label: string;
  /** What will happen, each in a sentence; asked of the API where it has a dry run. */
  readonly effects: readonly Effect[] | (() => Promise<readonly Effect[]>);
  /** Cannot be taken back: the person types this to go on. */
  readonly typed?: string;
  /** Whether a reason is asked for; it goes to the audit trail. */
  readonly reason?: "optional" | "required";
  readonly danger?: boolean;
  /** Does it. What it throws is shown in the dialog, which stays. `key` is the Idempotency-Key of this wish. */
  readonly run: (told: { readonly reason: string; readonly key: string }) => Promise<void>;
  /** The person thought better of it: takes back what `effects` prepared. */
  readonly cancel?: () => void;
  /** What the act is about: where the trail says who came first. */
  readonly about?: { readonly structureId: string; readonly subjectId: string };
  /** The same act on the thing as it is now, when somebody else has changed it meanwhile (412). */
  readonly renew?: () => Promise<Act>;
  /** Said when it has happened, where it does not show. */
  readonly done?: string;
  /** Takes it back, where the law and the API let it. */
  readonly undo?: () => Promise<void>;
}
