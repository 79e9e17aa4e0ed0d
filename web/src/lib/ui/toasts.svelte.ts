/** Short messages at the foot of the screen, with an undo where there is one. */

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "info" | "error";
  readonly action: { readonly label: string; readonly run: () => void } | undefined;
}

export class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  #next = 1;

  /** Shows a text for ten seconds (an error until dismissed); a new one with an action replaces the last such. */
  show(
    text: string,
    options: { tone?: Toast["tone"]; action?: { label: string; run: () => void } } = {},
  ): void {
    const id = this.#next++;
    const tone = options.tone ?? "info";
    const kept = this.list.filter((one) => one.tone === "error" && one.text !== text).slice(-2);
    this.list = [...kept, { id, text, tone, action: options.action }];
    if (tone === "info") setTimeout(() => this.dismiss(id), 10_000);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((one) => one.id !== id);
  }

  /** Runs the newest undo; false when there is none. */
  runAction(): boolean {
    const last = this.list.findLast((one) => one.action !== undefined);
    if (last === undefined) return false;
    this.dismiss(last.id);
    last.action?.run();
    return true;
  }
}
