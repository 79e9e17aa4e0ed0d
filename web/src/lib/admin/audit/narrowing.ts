/** What the URL of the trail narrows it to beside the search: a period, an author, a subject. */

export interface Narrowing {
  readonly from: string;
  readonly to: string;
  readonly actorId: string;
  readonly subjectId: string;
}

const day = /^\d{4}-\d{2}-\d{2}$/;

/** What the URL says; what it cannot say is left out. */
export function narrowingOf(search: { get(name: string): string | null }): Narrowing {
  const read = (name: string) => search.get(name) ?? "";
  const dayOf = (name: string) => day.test(read(name)) ? read(name) : "";
  return { from: dayOf("from"), to: dayOf("to"), actorId: read("actorId"), subjectId: read("subjectId") };
}

/** For the API: whole days of the reader's clock, the last one included. */
export function asAuditParameters({ from, to, actorId, subjectId }: Narrowing): Record<string, string> {
  const after = to === "" ? undefined : new Date(`${to}T00:00:00`);
  after?.setDate(after.getDate() + 1);
  return {
    ...(from === "" ? {} : { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(after === undefined ? {} : { to: after.toISOString() }),
    ...(actorId === "" ? {} : { actorId }),
    ...(subjectId === "" ? {} : { subjectId }),
  };
}

/** The first day of a period that ends today, as the URL says days. */
export function daysAgo(days: number, now: Date): string {
  const then = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}
