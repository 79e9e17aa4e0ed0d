/** A clock that tests own: it stands still until it is told to move. */
export interface Clock {
  readonly now: () => Date;
  /** Lets time pass. */
  pass(seconds: number): void;
}

/** @param start the real time by default, since PostgreSQL and Redis have clocks of their own */
export function createClock(start: Date = new Date()): Clock {
  let milliseconds = start.getTime();
  return {
    now: () => new Date(milliseconds),
    pass: (seconds) => {
      milliseconds += seconds * 1000;
    },
  };
}
