/** The messages this operator has taken, in memory and in a directory, so that they survive its restart. */

/** What is kept of a message beside its bytes. */
export interface StoredMessage {
  readonly id: number;
  /** Without brackets; "" when the message had none. */
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly receivedAt: string;
  readonly size: number;
  /** Whether it came through TLS. */
  readonly isSecure: boolean;
}

export class MessageStore {
  #messages: StoredMessage[] = [];
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<MessageStore> {
    const store = new MessageStore(directory);
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    for await (const { name } of Deno.readDir(directory)) {
      if (!name.endsWith(".json")) continue;
      store.#messages.push(JSON.parse(await Deno.readTextFile(`${directory}/${name}`)) as StoredMessage);
    }
    store.#messages.sort((one, other) => one.id - other.id);
    return store;
  }

  async add(message: Omit<StoredMessage, "id">, raw: Uint8Array): Promise<StoredMessage> {
    const stored = { ...message, id: (this.#messages.at(-1)?.id ?? 0) + 1 };
    // Before the first await: two messages at once must not get the same number.
    this.#messages.push(stored);
    await Deno.writeFile(`${this.#directory}/${stored.id}.eml`, raw);
    await Deno.writeTextFile(`${this.#directory}/${stored.id}.json`, JSON.stringify(stored));
    return stored;
  }

  /** All messages, or those with this Message-ID (with or without brackets). */
  list(messageId?: string): readonly StoredMessage[] {
    const wanted = messageId?.trim().replace(/^<|>$/g, "");
    return this.#messages.filter((message) => wanted === undefined || message.messageId === wanted);
  }

  async raw(id: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!this.#messages.some((message) => message.id === id)) return undefined;
    return await Deno.readFile(`${this.#directory}/${id}.eml`);
  }

  async clear(): Promise<void> {
    const gone = this.#messages;
    this.#messages = [];
    for (const { id } of gone) {
      await Deno.remove(`${this.#directory}/${id}.eml`);
      await Deno.remove(`${this.#directory}/${id}.json`);
    }
  }
}
