/** What a card of the settings shows: read from the platform, changed by acts, with what went wrong and what was done. */
export class Shown<Value> {
  /** Undefined until it was read. */
  value: Value | undefined = $state.raw();
  /** A sentence; empty while nothing is wrong. */
  failure = $state("");
  /** Told to who does not see the screen. */
  said = $state("");
  isSending = $state(false);
  readonly #read: () => Promise<Value>;
  readonly #sentenceOf: (error: unknown) => string;

  constructor(read: () => Promise<Value>, sentenceOf: (error: unknown) => string) {
    this.#read = read;
    this.#sentenceOf = sentenceOf;
  }

  async read(): Promise<void> {
    this.failure = "";
    try {
      this.value = await this.#read();
    } catch (error) {
      this.failure = this.#sentenceOf(error);
    }
  }

  /** One act at a time. @returns false where it failed; `failure` then says why */
  async act(
    run: () => Promise<unknown>,
    done: string,
    sentenceOf: (error: unknown) => string = this.#sentenceOf,
  ): Promise<boolean> {
    if (this.isSending) return false;
    this.isSending = true;
    this.failure = this.said = "";
    try {
      await run();
      this.said = done;
    } catch (error) {
      this.failure = sentenceOf(error);
    }
    this.isSending = false;
    return this.failure === "";
  }
}
