/** What Ctrl+K offers: the places of the console, and what the screen shown can do now. */
import { untrack } from "svelte";
import type { AdminIconName } from "../ui/icon-paths.ts";

export interface Command {
  readonly id: string;
  readonly label: string;
  /** Under which heading it stands. */
  readonly group: string;
  readonly icon: AdminIconName;
  /** Other words by which it is found. */
  readonly words?: string;
  readonly hint?: string;
  readonly run: () => void;
}

export class Commands {
  #sources = $state.raw<readonly (() => readonly Command[])[]>([]);

  /** For `$effect`: offers commands while the component lives. */
  offer(source: () => readonly Command[]): () => void {
    // Read untracked: the effect that offers must not begin again because somebody offered.
    this.#sources = [...untrack(() => this.#sources), source];
    return () => {
      this.#sources = this.#sources.filter((one) => one !== source);
    };
  }

  get list(): readonly Command[] {
    return this.#sources.toReversed().flatMap((source) => source());
  }
}

/** Small letters without accents: « Réglages » is found by « regl ». */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The commands in which every word typed begins a word; those whose label begins with the text come first. */
export function matching(commands: readonly Command[], text: string): readonly Command[] {
  const words = folded(text).split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return commands;
  const ranked = commands.flatMap((command) => {
    const hay = ` ${folded(`${command.label} ${command.words ?? ""} ${command.hint ?? ""}`)}`;
    if (!words.every((word) => hay.includes(` ${word}`) || (word.length > 2 && hay.includes(word)))) {
      return [];
    }
    return [{ command, rank: folded(command.label).startsWith(words[0] ?? "") ? 0 : 1 }];
  });
  return ranked.sort((one, other) => one.rank - other.rank).map(({ command }) => command);
}
