/// <reference lib="dom" />
/**
 * A copy of every draft on this machine, written at once and before any request: what the server has not yet taken
 * survives a closed tab, an expired session and a dead server. One entry per draft, filed by person.
 */
import type { Attachment, EmailAddress } from "#lib/mail/types.ts";

export interface JournalFile extends Partial<Attachment> {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** The file itself, while the server does not have it. */
  readonly file?: Blob;
}

export interface JournalEntry {
  readonly key: string;
  readonly personId: string;
  readonly accountId: string;
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly subject: string;
  readonly text: string;
  readonly files: readonly JournalFile[];
  readonly messageId: string;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** Versions on the server, newest first. */
  readonly copies: readonly string[];
  readonly isUnsure: boolean;
  /** A send was tried and its outcome is not known. */
  readonly mayBeSent: boolean;
  /** The server holds exactly this. */
  readonly isSaved: boolean;
  readonly answered: { readonly id: string; readonly keyword: "answered" | "forwarded" } | undefined;
  readonly changedAt: number;
}

export interface Journal {
  put(entry: JournalEntry): Promise<void>;
  list(personId: string): Promise<JournalEntry[]>;
  remove(key: string): Promise<void>;
  /** Sign-out: forgets what the server holds, and keeps what it does not. */
  forgetSaved(personId: string): Promise<void>;
}

const database = "mss-drafts";
const store = "drafts";

/** The journal in IndexedDB. Where the browser has none (private windows of some), drafts live on the server alone. */
export function openJournal(factory: IDBFactory): Journal {
  let opened: Promise<IDBDatabase> | undefined;
  const open = () => {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = factory.open(database, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(store, { keyPath: "key" }).createIndex("personId", "personId");
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opened;
  };
  const run = async <T>(
    mode: IDBTransactionMode,
    use: (drafts: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    const transaction = (await open()).transaction(store, mode);
    const request = use(transaction.objectStore(store));
    return await new Promise<T>((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  };
  const list = (personId: string) =>
    run("readonly", (drafts) => drafts.index("personId").getAll(personId) as IDBRequest<JournalEntry[]>);
  return {
    put: async (entry) => void await run("readwrite", (drafts) => drafts.put(entry)),
    list,
    remove: (key) => run("readwrite", (drafts) => drafts.delete(key)),
    forgetSaved: async (personId) => {
      for (const { key, isSaved } of await list(personId)) {
        if (isSaved) await run("readwrite", (drafts) => drafts.delete(key));
      }
    },
  };
}
