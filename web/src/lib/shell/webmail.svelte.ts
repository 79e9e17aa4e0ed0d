/** What every part of the webmail shares: the mail session, the place that the URL names, and the actions with their undo. */
import { createContext } from "svelte";
import { goto } from "$app/navigation";
import { page } from "$app/state";
import type { PersonSession } from "#lib/api/session.ts";
import { m } from "#lib/i18n/generated/messages.js";
import type { Box } from "#lib/mail/box.svelte.ts";
import { roleOrder } from "#lib/mail/folders.ts";
import type { MailSession } from "#lib/mail/mail-session.svelte.ts";
import { toProblem } from "#lib/mail/problem.ts";
import { Records } from "#lib/mail/records.svelte.ts";
import { type Folder, hasKeyword, type Id } from "#lib/mail/types.ts";
import type { Toasts } from "#lib/ui/toasts.svelte.ts";
import { problemSentence } from "./sentences.ts";

/** The place named by the URL. `folder` is a role or an id. */
export interface Place {
  readonly account: string | undefined;
  readonly folder: string | undefined;
  readonly message: string | undefined;
  readonly search: string;
}

/** What a composer is opened with; lib/compose knows how. */
export interface ComposeWish {
  readonly kind: "new" | "reply" | "reply-all" | "forward" | "draft";
  readonly messageId?: Id;
}

export class Webmail {
  readonly mail: MailSession;
  readonly toasts: Toasts;
  readonly person: PersonSession;
  place: Place = $derived.by(() => ({
    account: page.params["account"],
    folder: page.params["folder"],
    message: page.params["message"],
    search: page.url.searchParams.get("q") ?? "",
  }));
  /** Row that the keyboard is on. */
  cursor = $state(0);
  readonly selected = new Records<true>();
  /** Spoken by screen readers. */
  announcement = $state("");
  foldersShown = $state(false);
  /** Messages about to be destroyed for good, while the person is asked. */
  confirming = $state.raw<readonly Id[]>([]);
  compose: (wish: ComposeWish) => void = () => undefined;

  constructor(mail: MailSession, toasts: Toasts, person: PersonSession) {
    this.mail = mail;
    this.toasts = toasts;
    this.person = person;
  }

  /** Whether the administration console has anything for this person (lib/admin/shell/rights.ts says what). */
  get administers(): boolean {
    return this.person.roles.some(({ role }) => role !== "user");
  }

  box: Box | undefined = $derived.by(() => this.mail.box(this.place.account) ?? this.mail.boxes[0]);
  folder: Folder | undefined = $derived.by(() => {
    const named = this.place.folder ?? "inbox";
    return this.box?.store.folders.get(named) ??
      this.box?.folder(named as (typeof roleOrder)[number]) ??
      undefined;
  });

  /** Whether anything can be sent from the box shown; until it is known, nothing is hidden. */
  get maySend(): boolean {
    const rights = this.box?.info.rights;
    return rights === undefined || rights.sendAs || rights.sendOnBehalf;
  }

  /** The path of a place; parts not given stay as they are. */
  pathOf(change: Partial<Place>): string {
    const place = { ...this.place, ...change };
    const account = place.account ?? this.box?.info.id ?? "";
    const parts = [account, place.folder ?? "inbox", ...(place.message === undefined ? [] : [place.message])];
    const query = place.search === "" ? "" : `?q=${encodeURIComponent(place.search)}`;
    return `/mail/${parts.map(encodeURIComponent).join("/")}${query}`;
  }

  folderPath(folder: Folder, account?: Id): string {
    const isRole = (roleOrder as readonly string[]).includes(folder.role ?? "");
    return this.pathOf({
      ...(account === undefined ? {} : { account }),
      folder: isRole ? folder.role ?? folder.id : folder.id,
      message: undefined,
      search: "",
    });
  }

  go(change: Partial<Place>, isReplacing = false): void {
    void goto(this.pathOf(change), { replace: isReplacing, reset: false });
  }

  /** Messages that a command means: the ticked ones, else the open one, else the one under the cursor. */
  targets(): Id[] {
    if (this.selected.size > 0) return [...this.selected].map(([id]) => id);
    const id = this.place.message ?? this.mail.list?.idAt(this.cursor);
    return id === undefined ? [] : [id];
  }

  async mark(ids: readonly Id[], name: "seen" | "flagged", isOn: boolean): Promise<void> {
    await this.#try(() => this.box?.mark(ids, name, isOn));
  }

  toggleStar(ids: readonly Id[]): Promise<void> {
    const isOn = ids.some((id) => !this.#has(id, "$flagged"));
    return this.mark(ids, "flagged", isOn);
  }

  archive(ids: readonly Id[]): Promise<void> {
    const archive = this.box?.folder("archive");
    if (archive === undefined) {
      this.toasts.show(m.action_no_archive(), { tone: "error" });
      return Promise.resolve();
    }
    return this.moveTo(ids, archive, m.done_archived({ count: ids.length }));
  }

  /** Into the trash; from the trash, for good, after a question. */
  async remove(ids: readonly Id[]): Promise<void> {
    const trash = this.box?.folder("trash");
    if (trash === undefined) {
      this.toasts.show(m.action_no_trash(), { tone: "error" });
      return;
    }
    if (this.folder?.id !== trash.id) {
      return await this.moveTo(ids, trash, m.done_trashed({ count: ids.length }));
    }
    this.confirming = ids;
  }

  /** Destroys what the person was asked about. */
  async destroyConfirmed(): Promise<void> {
    const ids = this.confirming;
    this.confirming = [];
    this.#leave(ids);
    await this.#try(() => this.box?.destroy(ids));
  }

  async moveTo(ids: readonly Id[], folder: Folder, done: string): Promise<void> {
    if (ids.length === 0 || folder.id === this.folder?.id) return;
    const { box } = this;
    this.#leave(ids);
    await this.#try(async () => {
      const undo = await box?.move(ids, folder.id);
      this.toasts.show(done, {
        action: { label: m.action_undo(), run: () => void this.#try(() => undo?.()) },
      });
    });
  }

  open(id: Id | undefined): void {
    if (id === undefined) return;
    const position = this.mail.list?.positionOf(id) ?? -1;
    if (position >= 0) this.cursor = position;
    if (this.folder?.role === "drafts") this.compose({ kind: "draft", messageId: id });
    else this.go({ message: id }, this.place.message !== undefined);
  }

  /** Shows the sentence of a problem; a missing mail server or session has its own place on the screen. */
  fail(error: unknown): void {
    const problem = toProblem(error);
    if (["unavailable", "offline", "signed-out"].includes(problem.code) && this.mail.status !== "ready") {
      return;
    }
    this.toasts.show(problemSentence(problem), { tone: "error" });
  }

  isSeen(id: Id): boolean {
    return this.#has(id, "$seen");
  }

  #has(id: Id, name: string): boolean {
    const message = this.box?.store.messages.get(id);
    return message !== undefined && hasKeyword(message, name);
  }

  /** The messages are about to leave the list: the next one takes the open one's place, on a phone the list does. */
  #leave(ids: readonly Id[]): void {
    const gone = new Set(ids);
    this.selected.clear();
    const { list } = this.mail;
    const { message } = this.place;
    if (message === undefined || !gone.has(message) || list === undefined) return;
    const position = list.positionOf(message);
    const isPhone = matchMedia("(max-width: 719px)").matches;
    let next: Id | undefined;
    for (let at = position + 1; !isPhone && next === undefined && at < position + 50; at++) {
      const id = list.idAt(at);
      if (id === undefined) break;
      if (!gone.has(id)) next = id;
    }
    this.cursor = Math.max(0, position);
    this.go({ message: next }, true);
  }

  async #try(run: () => Promise<void> | undefined): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.fail(error);
    }
  }
}

export const [useWebmail, provideWebmail] = createContext<Webmail>();
