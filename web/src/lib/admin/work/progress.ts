/** How far a long work has come. */
export interface Progress {
  readonly done: number;
  /** Undefined while it is not known how much there is. */
  readonly total: number | undefined;
  /** Where it stands, in words. */
  readonly text: string;
  readonly isOver: boolean;
  readonly hasFailed: boolean;
}
