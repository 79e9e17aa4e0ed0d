/** Records by id that the screen follows: one signal for all of them, since a screen shows a few dozen at most. */
export class Records<T> implements Iterable<[string, T]> {
  readonly #records = new Map<string, T>();
  #version = $state(0);

  get size(): number {
    void this.#version;
    return this.#records.size;
  }

  get(id: string): T | undefined {
    void this.#version;
    return this.#records.get(id);
  }

  has(id: string): boolean {
    void this.#version;
    return this.#records.has(id);
  }

  values(): T[] {
    void this.#version;
    return [...this.#records.values()];
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    void this.#version;
    return [...this.#records][Symbol.iterator]();
  }

  set(id: string, record: T): void {
    this.#records.set(id, record);
    this.#version++;
  }

  /** Many at once, for one redraw. */
  setAll(records: Iterable<readonly [string, T]>): void {
    for (const [id, record] of records) this.#records.set(id, record);
    this.#version++;
  }

  delete(id: string): void {
    if (this.#records.delete(id)) this.#version++;
  }

  clear(): void {
    this.#records.clear();
    this.#version++;
  }
}
