/** The rows of a list as they come in, page after page by cursor, for one query at a time. */
import { Records } from "#lib/mail/records.svelte.ts";
import { toFault } from "../client/fault.ts";
import type { TablePage, TableQuery, TableRequest } from "./table.ts";

const pageSize = 100;

export class Rows<Row extends { readonly id: string }> {
  list = $state.raw<readonly Row[]>([]);
  total = $state<number>();
  error = $state.raw<Error>();
  isLoading = $state(false);
  /** Whether anything was answered for the query shown. */
  isKnown = $state(false);
  readonly ticked = new Records<Row>();
  /** Everything that the query finds is meant, loaded or not. */
  isAllTicked = $state(false);
  readonly #load: (request: TableRequest, signal: AbortSignal) => Promise<TablePage<Row>>;
  #query: TableQuery | undefined;
  #cursor: string | null = null;
  #controller: AbortController | undefined;

  constructor(load: (request: TableRequest, signal: AbortSignal) => Promise<TablePage<Row>>) {
    this.#load = load;
  }

  get hasMore(): boolean {
    return this.#isOpen && this.isKnown;
  }
  #isOpen = $state(false);

  /** Asks for the first page; the rows shown stay until it is there. */
  async start(query: TableQuery): Promise<void> {
    const isOther = JSON.stringify(query) !== JSON.stringify(this.#query);
    if (isOther) this.untick();
    this.#query = query;
    await this.#read(undefined);
  }

  /** Reads again what was read, in as many pages; the ticks that still stand for a row stay. */
  async refresh(): Promise<void> {
    const wanted = this.list.length;
    await this.#read(undefined);
    while (this.list.length < wanted && this.#isOpen && this.error === undefined) await this.more();
    for (const [id] of this.ticked) {
      const row = this.list.find((one) => one.id === id);
      if (row === undefined) this.ticked.delete(id);
      else this.ticked.set(id, row);
    }
  }

  async more(): Promise<void> {
    if (this.isLoading || this.#cursor === null) return;
    await this.#read(this.#cursor);
  }

  /** Shows a row anew that was changed meanwhile. */
  replace(row: Row): void {
    this.list = this.list.map((one) => one.id === row.id ? row : one);
    if (this.ticked.has(row.id)) this.ticked.set(row.id, row);
  }

  get query(): TableQuery {
    return this.#query ?? { q: "", sort: "", filters: {} };
  }

  isTicked(row: Row): boolean {
    return this.isAllTicked || this.ticked.has(row.id);
  }

  untick(): void {
    this.isAllTicked = false;
    this.ticked.clear();
  }

  /** One taken out of all leaves those that are loaded. */
  toggle(row: Row, isOn = !this.isTicked(row)): void {
    if (this.isAllTicked) this.tickLoaded();
    if (isOn) this.ticked.set(row.id, row);
    else this.ticked.delete(row.id);
  }

  tickLoaded(): void {
    this.isAllTicked = false;
    this.ticked.setAll(this.list.map((one) => [one.id, one] as const));
  }

  stop(): void {
    this.#controller?.abort();
  }

  async #read(cursor: string | undefined): Promise<void> {
    const query = this.#query;
    if (query === undefined) return;
    this.#controller?.abort();
    const controller = this.#controller = new AbortController();
    this.isLoading = true;
    try {
      const page = await this.#load({ ...query, cursor, limit: pageSize }, controller.signal);
      if (controller !== this.#controller) return;
      // A row that was created or moved meanwhile may come twice: the newer one counts.
      const fresh = new Set(page.items.map(({ id }) => id));
      const before = cursor === undefined ? [] : this.list.filter(({ id }) => !fresh.has(id));
      this.list = [...before, ...page.items];
      this.total = page.total;
      this.#cursor = page.nextCursor;
      this.#isOpen = page.nextCursor !== null;
      this.error = undefined;
      this.isKnown = true;
    } catch (error) {
      if (controller !== this.#controller) return;
      this.error = toFault(error);
    }
    this.isLoading = false;
  }
}
