/**
 * A person's hand on a page: every act goes through it, so that the work can be counted. Seconds are those of the
 * keystroke-level model (Card, Moran and Newell, 1980): what a practised person needs, whatever machine the test runs on.
 */
import type { Locator, Page } from "playwright-core";

/** One decision, one movement to the target, one click. */
const secondsOfAct = 1.35 + 1.1 + 0.2;
const secondsOfKey = 0.28;
/** Nobody types a file's path: he finds it in a window. */
const secondsOfFile = 10;

export class Hand {
  readonly #page: Page;
  readonly acts: string[] = [];
  seconds = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(role: "button" | "link" | "option" | "row" | "checkbox", name: string | RegExp): Promise<void> {
    await this.click(this.#page.getByRole(role, { name }).first(), `${role} ${name}`);
  }

  async click(target: Locator, what: string): Promise<void> {
    this.#count(what, 0);
    await target.click();
  }

  async type(label: string | RegExp, text: string, within: Page | Locator = this.#page): Promise<void> {
    this.#count(`${label} = ${text}`, text.length * secondsOfKey);
    await within.getByLabel(label, { exact: true }).fill(text);
  }

  async give(
    label: string | RegExp,
    file: { name: string; mimeType: string; buffer: Buffer },
  ): Promise<void> {
    this.#count(`file ${file.name}`, secondsOfFile);
    await this.#page.getByLabel(label).setInputFiles(file);
  }

  #count(what: string, more: number): void {
    this.acts.push(what);
    this.seconds += secondsOfAct + more;
  }
}
