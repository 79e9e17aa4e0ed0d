/** Something read from the API for a screen: loading, there, or refused; read again on demand or every few seconds. */
import { toFault } from "./fault.ts";

export class Resource<T> {
  value = $state.raw<T>();
  error = $state.raw<Error>();
  isLoading = $state(false);
  readonly #read: (signal: AbortSignal) => Promise<T>;
  #controller: AbortController | undefined;

  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read;
  }

  /** Reads; what was there stays until the answer is. */
  async refresh(): Promise<void> {
    this.#controller?.abort();
    const controller = this.#controller = new AbortController();
    this.isLoading = true;
    try {
      const value = await this.#read(controller.signal);
      if (controller !== this.#controller) return;
      this.value = value;
      this.error = undefined;
    } catch (error) {
      if (controller === this.#controller) this.error = toFault(error);
    }
    this.isLoading = false;
  }

  /** For `$effect`: reads now and then every so often while the page is seen. */
  poll(everySeconds: number): () => void {
    void this.refresh();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void this.refresh();
    }, everySeconds * 1000);
    return () => {
      clearInterval(timer);
      this.#controller?.abort();
    };
  }
}
