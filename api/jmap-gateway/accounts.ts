/**
 * Which JMAP account is which box of which person.
 *
 * A person's boxes come from the platform's own tables, kept for two seconds at most (a right that ends is in force
 * within five). What the mail server says of a box (its session object: account id, capabilities, state) is kept per
 * box, bounded in number and time. Account ids are the mail server's own and opaque: an id that is not among the
 * person's boxes is unknown, whether it exists or not.
 */
import type { MailboxRights } from "../identity/mod.ts";
import { MailServerUnavailable } from "../mail-server/mod.ts";
import { isObject } from "./request.ts";
import { BoxRefused, NotSignedIn, type Upstream } from "./upstream.ts";

/** A box the person may open now, as the platform's tables say. */
export interface OpenableBox {
  readonly id: string;
  readonly structureId: string;
  /** Main address, lower case; names the box at the mail server. */
  readonly address: string;
  readonly displayName: string;
  readonly type: "PER" | "ORG" | "APP" | "CAB";
  readonly structureName: string;
  /** Whose it is to the person: his own, one of which he is a member, or one delegated to him. */
  readonly relation: "holder" | "member" | "delegate";
  readonly rights: MailboxRights;
  /** When the delegation ends; null = not by itself. */
  readonly until: Date | null;
}

/** What is kept of a box's upstream session object (RFC 8620 §2). */
export interface UpstreamSession {
  readonly accountId: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly accountCapabilities: Readonly<Record<string, unknown>>;
  readonly isReadOnly: boolean;
  readonly uploadUrl: string;
  readonly downloadUrl: string;
  readonly eventSourceUrl: string;
  state: string;
}

export interface Box extends OpenableBox {
  readonly session: UpstreamSession;
}

/** The person's boxes that have an account now, by account id, in the order of the list. */
export interface PersonBoxes {
  readonly byAccount: ReadonlyMap<string, Box>;
}

interface Kept<T> {
  readonly value: Promise<T>;
  readonly until: number;
}

/** Keeps the answers of `load` by key: at most `max`, each for `ttlMs`; failures are not kept, equal asks share one. */
export class Shelf<T> {
  readonly #kept = new Map<string, Kept<T>>();
  constructor(
    private readonly load: (key: string) => Promise<T>,
    private readonly ttlMs: number,
    private readonly max: number,
    private readonly now: () => number,
  ) {}

  get(key: string): Promise<T> {
    const found = this.#kept.get(key);
    if (found !== undefined && found.until > this.now()) return found.value;
    const value = this.load(key);
    const kept = { value, until: this.now() + this.ttlMs };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    // A Map keeps the order of insertion: the first is the oldest.
    if (this.#kept.size > this.max) this.#kept.delete(this.#kept.keys().next().value!);
    value.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
    return value;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}

export interface Accounts {
  /**
   * The person's boxes with their accounts. A box the mail server does not know yet (waiting in the outbox) or refuses
   * (suspended there) is left out; when it does not answer for one of them, throws MailServerUnavailable.
   */
  boxesOf(personId: string): Promise<PersonBoxes>;
  /** A response of the box carried this state: when it is not the one known, its session object is read anew. */
  noteState(box: Box, state: string): void;
  /** The mail server refused the box: what was kept of it is dropped. */
  forget(personId: string, box: Box): void;
}

function text(value: unknown): string {
  if (typeof value !== "string") {
    throw new MailServerUnavailable("The mail server's session object is incomplete.");
  }
  return value;
}

/** Reads the one account of a box from its upstream session; undefined when the server has not made it yet. */
export function readUpstreamSession(body: unknown, address: string): UpstreamSession | undefined {
  if (!isObject(body) || !isObject(body.accounts) || !isObject(body.capabilities)) return undefined;
  // The box's own account is the one named by its address; a server may list what others have shared with it.
  const own = Object.entries(body.accounts).find(([, account]) =>
    isObject(account) && account.name === address
  );
  if (own === undefined) return undefined;
  const [accountId, account] = own;
  if (!isObject(account) || !isObject(account.accountCapabilities)) return undefined;
  return {
    accountId,
    capabilities: body.capabilities,
    accountCapabilities: account.accountCapabilities,
    isReadOnly: account.isReadOnly === true,
    uploadUrl: text(body.uploadUrl),
    downloadUrl: text(body.downloadUrl),
    eventSourceUrl: text(body.eventSourceUrl),
    state: text(body.state),
  };
}

export interface AccountsOptions {
  readonly upstream: Upstream;
  readonly listOpenableBoxes: (personId: string) => Promise<readonly OpenableBox[]>;
  readonly now: () => number;
  /** Milliseconds a person's list of boxes is kept; below five seconds by the rule on suspension. */
  readonly boxesTtlMs?: number;
  readonly sessionTtlMs?: number;
  /** Told the id of a box that the mail server does not open, each time a list is made. */
  readonly onMissing?: (mailboxId: string) => void;
}

export function createAccounts(options: AccountsOptions): Accounts {
  const { upstream, listOpenableBoxes, now, boxesTtlMs = 2_000, sessionTtlMs = 300_000, onMissing } = options;

  async function readSession(address: string): Promise<UpstreamSession | undefined> {
    const response = await upstream.fetch(address, upstream.sessionUrl, { timeoutMs: 10_000 });
    const body: unknown = response.ok ? await response.json() : (await response.body?.cancel(), undefined);
    return readUpstreamSession(body, address);
  }
  const sessions = new Shelf(
    async (address) => {
      // A second look: the first sign-in of an account may lose a race at the mail server.
      const session = await readSession(address).catch(async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return await readSession(address).catch((error) => {
          if (error instanceof NotSignedIn) return undefined;
          throw error;
        });
      });
      if (session === undefined) throw new BoxRefused("The mail server has no such account yet.");
      return session;
    },
    sessionTtlMs,
    20_000,
    now,
  );

  async function open(personId: string): Promise<PersonBoxes> {
    const openable = await listOpenableBoxes(personId);
    const found = await Promise.allSettled(openable.map((box) => sessions.get(box.address)));
    const byAccount = new Map<string, Box>();
    found.forEach((result, index) => {
      if (result.status === "fulfilled") {
        byAccount.set(result.value.accountId, { ...openable[index]!, session: result.value });
        return;
      }
      // A box that is only out of reach must not look as if it were gone.
      if (!(result.reason instanceof BoxRefused)) throw result.reason;
      onMissing?.(openable[index]!.id);
    });
    return { byAccount };
  }
  const boxes = new Shelf(open, boxesTtlMs, 50_000, now);

  /** A delegation that has ended since the list was made ends now, not with the list. */
  async function boxesOf(personId: string): Promise<PersonBoxes> {
    const kept = await boxes.get(personId);
    let isOver = false;
    for (const { until } of kept.byAccount.values()) isOver ||= until !== null && until.getTime() <= now();
    if (!isOver) return kept;
    boxes.forget(personId);
    return await boxes.get(personId);
  }

  return {
    boxesOf,
    noteState(box, state) {
      if (box.session.state === state) return;
      // The object is shared by the lists that hold it, so the composed state moves at once.
      box.session.state = state;
      sessions.forget(box.address);
    },
    forget(personId, box) {
      sessions.forget(box.address);
      boxes.forget(personId);
    },
  };
}
