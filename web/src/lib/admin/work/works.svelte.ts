/**
 * Long work followed on every screen. The work itself runs on the platform and is read there: leaving the page, or the
 * browser, changes nothing about it. What is remembered here is only which ones to show.
 */
import type { Api } from "../client/client.ts";
import { workKinds } from "./kinds.ts";
import type { Progress } from "./progress.ts";

export interface Work {
  /** A line of kinds.ts. */
  readonly kind: string;
  readonly id: string;
  readonly title: string;
  /** The screen that tells all about it, or what it has made. */
  readonly href: string;
  /** `href` is a file, and there only when the work is done. */
  readonly isDownload?: boolean;
}
interface Followed extends Work {
  readonly progress: Progress | undefined;
}

const key = "mss.admin.works";
const everyMilliseconds = 1500;

export class Works {
  list = $state.raw<readonly Followed[]>([]);
  readonly #api: Api;
  readonly #say: (text: string, work: Work) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api, say: (text: string, work: Work) => void) {
    this.#api = api;
    this.#say = say;
    this.list = readKept().map((work) => ({ ...work, progress: undefined }));
    if (this.list.length > 0) this.#plan(0);
  }

  follow(work: Work): void {
    this.list = [{ ...work, progress: undefined }, ...this.list.filter(({ id }) => id !== work.id)];
    this.#keep();
    this.#plan(0);
  }

  /** What a screen of its own has read of a work: shown at once, and not announced on top of it. */
  note(id: string, progress: Progress): void {
    if (!this.list.some((one) => one.id === id)) return;
    this.list = this.list.map((one) => one.id === id ? { ...one, progress } : one);
  }

  dismiss(id: string): void {
    this.list = this.list.filter((one) => one.id !== id);
    this.#keep();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #plan(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), milliseconds);
  }

  async #look(): Promise<void> {
    for (const work of this.list) {
      if (work.progress?.isOver === true) continue;
      try {
        const progress = await workKinds[work.kind]?.(this.#api, work.id);
        if (progress === undefined) continue;
        this.list = this.list.map((one) => one.id === work.id ? { ...one, progress } : one);
        if (progress.isOver) this.#say(`${work.title} · ${progress.text}`, work);
      } catch {
        // Not answered this time: asked again in a moment. A work that is gone is dismissed by hand.
      }
    }
    if (this.list.some(({ progress }) => progress?.isOver !== true)) this.#plan(everyMilliseconds);
  }

  #keep(): void {
    const kept = this.list.map(({ progress: _, ...work }) => work);
    sessionStorage.setItem(key, JSON.stringify(kept));
  }
}

function readKept(): readonly Work[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "[]") as Work[];
    return kept.filter(({ kind }) => kind in workKinds);
  } catch {
    return [];
  }
}
