const dayMilliseconds = 86_400_000;

/** The same time of day (UTC) so many days later; earlier when `days` is negative. */
export function addDays(at: Date, days: number): Date {
  return new Date(at.getTime() + days * dayMilliseconds);
}
