/**
 * One list of messages seen through a window: the server orders, the client holds ids by position and asks for the
 * pages that are looked at. A list of 10 000 is never loaded whole. On doubt a page is asked for again: deltas are
 * never merged onto a list that was not built from the same state.
 */
import { call, resultOf } from "#lib/jmap/call.ts";
import type { Connection } from "#lib/jmap/connection.ts";
import { MethodError, unwrap } from "#lib/jmap/errors.ts";
import { type MailProblem, toProblem } from "./problem.ts";
import type { BoxStore } from "./store.svelte.ts";
import { type Id, type Message, messageProperties } from "./types.ts";

export const pageSize = 50;

export interface ListQuery {
  readonly folderId: Id | undefined;
  /** Words that must all occur, anywhere in the message. */
  readonly search: string;
}

export class MessageList {
  readonly query: ListQuery;
  /** Undefined until the first answer. */
  total = $state<number | undefined>(undefined);
  problem = $state<MailProblem | undefined>(undefined);
  /** By how many rows the content moved above the window at the last refresh: the screen scrolls along. */
  shift = $state<{ rows: number } | undefined>(undefined);
  #version = $state(0);

  readonly #connection: Connection;
  readonly #accountId: Id;
  readonly #store: BoxStore;
  #ids: (Id | undefined)[] = [];
  #first = 0;
  #last = pageSize - 1;
  #isLoading = false;
  #mustRefresh = false;
  #waiting: (() => void)[] = [];

  constructor(connection: Connection, accountId: Id, store: BoxStore, query: ListQuery) {
    this.#connection = connection;
    this.#accountId = accountId;
    this.#store = store;
    this.query = query;
  }

  /** The message at a place, undefined while its page is not there. */
  at(position: number): Message | undefined {
    void this.#version;
    const id = this.#ids[position];
    return id === undefined ? undefined : this.#store.messages.get(id);
  }

  idAt(position: number): Id | undefined {
    void this.#version;
    return this.#ids[position];
  }

  /** The place of a message among the loaded pages, -1 when it is not there. */
  positionOf(id: Id): number {
    void this.#version;
    return this.#ids.indexOf(id);
  }

  /** Says which rows are looked at; missing pages are asked for, the newest wish first. */
  show(first: number, last: number): Promise<void> {
    this.#first = Math.max(0, first);
    this.#last = Math.max(this.#first, last);
    return this.#work();
  }

  /** Asks for the window again, because something changed. */
  refresh(): Promise<void> {
    this.#mustRefresh = true;
    return this.#work();
  }

  /** Takes messages out at once; a late answer cannot put them back. Returns how to put them back. */
  remove(ids: readonly Id[]): () => void {
    const gone = new Set(ids);
    const before = { ids: this.#ids, total: this.total };
    const kept = this.#ids.filter((id) => id === undefined || !gone.has(id));
    const removed = this.#ids.length - kept.length;
    this.#ids = kept;
    if (this.total !== undefined) this.total -= removed;
    this.#version++;
    return () => {
      this.#ids = before.ids;
      this.total = before.total;
      this.#version++;
    };
  }

  #work(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if (!this.#isLoading) void this.#loop();
    return promise;
  }

  async #loop(): Promise<void> {
    this.#isLoading = true;
    while (true) {
      if (this.#mustRefresh && this.#store.pending > 0) break; // the change's end asks again
      const range = this.#mustRefresh ? this.#window() : this.#missing();
      if (range === undefined) break;
      const isRefresh = this.#mustRefresh;
      this.#mustRefresh = false;
      const epoch = this.#store.epoch;
      try {
        await this.#load(range, isRefresh, epoch);
        this.problem = undefined;
      } catch (error) {
        this.problem = toProblem(error);
        break;
      }
    }
    this.#isLoading = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** The pages that the window touches. */
  #window(): { position: number; limit: number } {
    const start = Math.floor(this.#first / pageSize) * pageSize;
    const end = (Math.floor(this.#last / pageSize) + 1) * pageSize;
    return { position: start, limit: Math.min(end - start, 4 * pageSize) };
  }

  #missing(): { position: number; limit: number } | undefined {
    const { position, limit } = this.#window();
    const end = Math.min(position + limit, this.total ?? Number.POSITIVE_INFINITY);
    let start = position;
    while (start < end && this.#ids[start] !== undefined) start++;
    if (start >= end) return undefined;
    const from = Math.floor(start / pageSize) * pageSize;
    return { position: from, limit: position + limit - from };
  }

  async #load(range: { position: number; limit: number }, isRefresh: boolean, epoch: number): Promise<void> {
    // Scrolled away from the top, the first visible message is the anchor: what it stood for must not jump.
    const anchor = isRefresh && this.#first > 0 ? this.#ids[this.#first] : undefined;
    const place = anchor === undefined
      ? { position: range.position }
      : { anchor, anchorOffset: range.position - this.#first };
    const [queried, got] = await this.#connection.group(
      [
        call("Email/query", {
          accountId: this.#accountId,
          filter: this.#filter(),
          sort: [{ property: "receivedAt", isAscending: false }],
          ...place,
          limit: range.limit,
          calculateTotal: true,
        }),
        call("Email/get", {
          accountId: this.#accountId,
          "#ids": resultOf(0, "Email/query", "/ids"),
          properties: messageProperties,
        }),
      ] as const,
      isRefresh,
    );
    if (queried instanceof MethodError && queried.type === "anchorNotFound" && anchor !== undefined) {
      this.#ids[this.#first] = undefined;
      this.#mustRefresh = true;
      return;
    }
    const answer = unwrap(queried);
    const messages = unwrap(got);
    if (epoch !== this.#store.epoch) {
      this.#mustRefresh = true;
      return;
    }
    if (this.#store.emailState === undefined) this.#store.emailState = messages.state;
    this.#store.putMessages(messages.list as readonly Message[]);
    if (isRefresh) this.#ids = [];
    answer.ids.forEach((id, index) => this.#ids[answer.position + index] = id);
    this.total = answer.total ?? Math.max(this.total ?? 0, answer.position + answer.ids.length);
    // A server may cut the limit, or know fewer than it counted: a page that cannot be had is not asked for again.
    if (answer.ids.length === 0 && range.position < this.total) this.total = range.position;
    if (anchor !== undefined) {
      const rows = this.#ids.indexOf(anchor) - this.#first;
      if (rows !== 0) {
        this.#first += rows;
        this.#last += rows;
        this.shift = { rows };
      }
    }
    this.#version++;
  }

  #filter(): Record<string, unknown> {
    const words = this.query.search.split(/\s+/).filter((word) => word !== "");
    const conditions: Record<string, unknown>[] = words.map((text) => ({ text }));
    if (this.query.folderId !== undefined) conditions.unshift({ inMailbox: this.query.folderId });
    return conditions.length === 1 ? conditions[0] ?? {} : { operator: "AND", conditions };
  }
}
