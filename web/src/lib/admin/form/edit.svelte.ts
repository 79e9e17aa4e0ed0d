/**
 * A thing being changed: what was seen, what was typed, and what somebody else changed meanwhile (HTTP 412). The API is
 * sent what was changed here and nothing else; what was typed is never lost.
 */

/** A field that another person changed while it was being changed here. */
export interface Clash {
  readonly field: string;
  readonly theirs: string | boolean;
  /** Changed here too, to something else: the person chooses. */
  readonly isDisputed: boolean;
}

export class Edit<V extends Readonly<Record<string, string | boolean>>> {
  draft: V;
  clashes = $state.raw<readonly Clash[]>([]);
  #seen: V;

  constructor(seen: V) {
    this.draft = $state({ ...seen });
    this.#seen = $state.raw(seen);
  }

  /** The fields that were changed here. */
  get changed(): readonly (keyof V & string)[] {
    return Object.keys(this.#seen).filter((field) => this.draft[field] !== this.#seen[field]);
  }

  get isDirty(): boolean {
    return this.changed.length > 0;
  }

  /** Begins again from a thing as it is now: it was saved, or what was typed is given up. */
  adopt(seen: V): void {
    this.#seen = seen;
    this.draft = { ...seen };
    this.clashes = [];
  }

  /** Somebody else came first: takes over what was not touched here, and names what was changed. */
  meet(theirs: V): void {
    const mine = new Set<string>(this.changed);
    this.clashes = Object.keys(theirs)
      .filter((field) => theirs[field] !== this.#seen[field])
      .map((field) => ({
        field,
        theirs: theirs[field] ?? "",
        isDisputed: mine.has(field) && this.draft[field] !== theirs[field],
      }));
    const kept = Object.fromEntries([...mine].map((field) => [field, this.draft[field]]));
    this.#seen = theirs;
    this.draft = { ...theirs, ...kept };
  }

  /** Gives up what was typed in a field for what the other wrote. */
  yield(field: keyof V & string): void {
    this.draft = { ...this.draft, [field]: this.#seen[field] };
    this.clashes = this.clashes.filter((one) => one.field !== field);
  }
}
