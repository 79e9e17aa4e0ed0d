/** One account of the scripted JMAP server: folders, messages and the log of states that /changes answers from. */

export interface StoredEmail {
  id: string;
  mailboxIds: Record<string, boolean>;
  keywords: Record<string, boolean>;
  receivedAt: string;
  subject: string;
  from: { name: string | null; email: string }[];
  to: { name: string | null; email: string }[];
  messageId: string[];
  preview: string;
  size: number;
  [property: string]: unknown;
}

type Args = Record<string, unknown>;
type Answer = Record<string, unknown>;
interface Change {
  readonly type: "Email" | "Mailbox";
  readonly id: string;
  readonly kind: "created" | "updated" | "destroyed";
}

/** Thrown by a method to be answered as `["error", …]`. */
export class ScriptedError extends Error {
  readonly type: string;
  constructor(type: string) {
    super(type);
    this.type = type;
  }
}

const roles = ["inbox", "drafts", "sent", "archive", "junk", "trash"];

export class ScriptedBox {
  readonly accountId: string;
  readonly address: string;
  readonly emails = new Map<string, StoredEmail>();
  readonly submissions = new Map<string, Answer>();
  readonly blobs = new Map<string, { bytes: Uint8Array; type: string }>();
  readonly folders = new Map<
    string,
    { id: string; name: string; role: string | null; parentId: string | null }
  >();
  /** Recipients that a submission refuses, with the reason the gateway gives. */
  readonly refused = new Map<string, string>();
  /** SMTP replies that land in deliveryStatus alone. */
  readonly bounced = new Map<string, string>();
  readonly changes: Change[] = [];
  cannotCalculate = false;
  /** As Cyrus does within a second: the same message is not stored twice. */
  refusesTwins = false;
  /** As Stalwart may: by the time it is told, the id of a new message is another, its thread was joined to an older one. */
  joinsThreads = false;
  onChange: () => void = () => undefined;
  readonly #formerNames = new Map<string, string>();
  #next = 1;

  constructor(accountId: string, address: string) {
    this.accountId = accountId;
    this.address = address;
    for (const role of roles) this.addFolder(role, role, null);
  }

  addFolder(name: string, role: string | null, parentId: string | null): string {
    const id = role === null ? `f${this.folders.size}` : role[0]!.toUpperCase() + role.slice(1, 3);
    this.folders.set(id, { id, name, role, parentId });
    return id;
  }

  folderId(role: string): string {
    return [...this.folders.values()].find((one) => one.role === role)!.id;
  }

  /** Puts a message into a folder, as a delivery would. */
  deliver(email: Partial<StoredEmail>, role = "inbox", isSilent = false): StoredEmail {
    const id = `m${this.#next++}`;
    const stored: StoredEmail = {
      id,
      blobId: `blob-${id}`,
      mailboxIds: { [this.folderId(role)]: true },
      keywords: {},
      receivedAt: new Date().toISOString(),
      subject: `Message ${id}`,
      from: [{ name: "Dr Bruno Bernard", email: "bruno.bernard@beta.mssante.test" }],
      to: [{ name: null, email: this.address }],
      messageId: [`${id}@scripted.test`],
      preview: "",
      size: 1200,
      hasAttachment: false,
      ...email,
    };
    this.emails.set(id, stored);
    this.note("Email", id, "created");
    if (!isSilent) this.onChange();
    return stored;
  }

  note(type: Change["type"], id: string, kind: Change["kind"]): void {
    this.changes.push({ type, id, kind });
  }

  get state(): string {
    return String(this.changes.length);
  }

  /** As Stalwart does: the message has another id from now on, and is still got, changed and destroyed by the one before. */
  joinThread(id: string): void {
    const email = this.emails.get(id)!;
    this.emails.delete(id);
    email.id = `${id}-joined`;
    this.emails.set(email.id, email);
    this.#formerNames.set(id, email.id);
  }

  #find(id: string): StoredEmail | undefined {
    return this.emails.get(this.#formerNames.get(id) ?? id);
  }

  inFolder(role: string): StoredEmail[] {
    const id = this.folderId(role);
    return this.#sorted().filter((one) => one.mailboxIds[id] === true);
  }

  call(method: string, args: Args, created: Map<string, string>): Answer {
    const handlers: Record<string, () => Answer> = {
      "Core/echo": () => args,
      "Mailbox/get": () => ({ state: this.state, list: this.#mailboxes(args["ids"]), notFound: [] }),
      "Mailbox/changes": () => this.#changesSince(String(args["sinceState"]), "Mailbox", 1000),
      "Email/changes": () =>
        this.#changesSince(String(args["sinceState"]), "Email", Number(args["maxChanges"] ?? 500)),
      "Email/get": () => this.#getEmails(args),
      "Email/query": () => this.#query(args),
      "Email/set": () => this.#setEmails(args, created),
      "Identity/get": () => ({
        state: "0",
        list: [{ id: `id-${this.accountId}`, name: "", email: this.address }],
        notFound: [],
      }),
      "EmailSubmission/get": () => ({
        state: "0",
        list: (args["ids"] as string[]).flatMap((id) => this.submissions.get(id) ?? []),
        notFound: [],
      }),
      "EmailSubmission/set": () => this.#submit(args, created),
    };
    const handler = handlers[method];
    if (handler === undefined) throw new ScriptedError("unknownMethod");
    return { accountId: this.accountId, ...handler() };
  }

  #sorted(): StoredEmail[] {
    return [...this.emails.values()].sort((a, b) =>
      b.receivedAt < a.receivedAt ? -1 : b.receivedAt > a.receivedAt ? 1 : 0
    );
  }

  #mailboxes(ids: unknown): Answer[] {
    const counts = new Map<string, { total: number; unread: number }>();
    for (const { mailboxIds, keywords } of this.emails.values()) {
      for (const id of Object.keys(mailboxIds)) {
        const count = counts.get(id) ?? { total: 0, unread: 0 };
        count.total++;
        if (keywords["$seen"] !== true) count.unread++;
        counts.set(id, count);
      }
    }
    return [...this.folders.values()].filter(({ id }) => !Array.isArray(ids) || ids.includes(id)).map((
      folder,
    ) => ({
      ...folder,
      sortOrder: 0,
      totalEmails: counts.get(folder.id)?.total ?? 0,
      unreadEmails: counts.get(folder.id)?.unread ?? 0,
      myRights: { mayAddItems: true, mayRemoveItems: true },
    }));
  }

  /** A folder's counts change with its messages: at Cyrus and Stalwart alike Mailbox/changes then lists it. */
  #changesSince(since: string, type: Change["type"], max: number): Answer {
    if (this.cannotCalculate) throw new ScriptedError("cannotCalculateChanges");
    const recent = this.changes.slice(Number(since));
    const sets = { created: new Set<string>(), updated: new Set<string>(), destroyed: new Set<string>() };
    for (const { id, kind, type: of } of recent) {
      if (of !== type) continue;
      if (kind === "destroyed" && sets.created.delete(id)) continue;
      if (kind === "updated" && sets.created.has(id)) continue;
      if (kind === "destroyed") sets.updated.delete(id);
      sets[kind].add(id);
    }
    if (type === "Mailbox" && recent.length > 0) {
      for (const id of this.folders.keys()) {
        sets.updated.add(id);
      }
    }
    return {
      oldState: since,
      newState: this.state,
      hasMoreChanges: type === "Email" && sets.created.size + sets.updated.size > max,
      created: [...sets.created],
      updated: [...sets.updated],
      destroyed: [...sets.destroyed],
    };
  }

  #getEmails(args: Args): Answer {
    const ids = (args["ids"] ?? []) as string[];
    const properties = args["properties"] as string[] | undefined;
    const found = ids.flatMap((id) => {
      const email = this.#find(id);
      return email === undefined ? [] : { ...email, id };
    });
    const pick = (email: StoredEmail) =>
      properties === undefined
        ? email
        : Object.fromEntries([["id", email.id], ...properties.map((name) => [name, email[name] ?? null])]);
    return {
      state: this.state,
      list: found.map(pick),
      notFound: ids.filter((id) => this.#find(id) === undefined),
    };
  }

  #query(args: Args): Answer {
    const matches = (email: StoredEmail, filter: Args): boolean => {
      if (filter["operator"] === "AND") {
        return (filter["conditions"] as Args[]).every((one) => matches(email, one));
      }
      if (typeof filter["inMailbox"] === "string" && email.mailboxIds[filter["inMailbox"]] !== true) {
        return false;
      }
      if (typeof filter["text"] !== "string") return true;
      const words = `${email.subject} ${email.preview} ${email.from[0]?.name} ${email.from[0]?.email}`;
      return words.toLowerCase().includes(filter["text"].toLowerCase());
    };
    const all = this.#sorted().filter((email) => matches(email, (args["filter"] ?? {}) as Args)).map((
      { id },
    ) => id);
    let position = Number(args["position"] ?? 0);
    if (typeof args["anchor"] === "string") {
      const at = all.indexOf(args["anchor"]);
      if (at === -1) throw new ScriptedError("anchorNotFound");
      position = Math.max(0, at + Number(args["anchorOffset"] ?? 0));
    }
    const ids = all.slice(position, position + Number(args["limit"] ?? 256));
    return { queryState: this.state, canCalculateChanges: true, position, ids, total: all.length };
  }

  #setEmails(args: Args, created: Map<string, string>): Answer {
    const oldState = this.state;
    const answer = {
      created: {} as Answer,
      notCreated: {} as Answer,
      updated: {} as Answer,
      notUpdated: {} as Answer,
      notDestroyed: {} as Answer,
    };
    const destroyed: string[] = [];
    for (const [key, value] of Object.entries((args["create"] ?? {}) as Record<string, Args>)) {
      const bodyValues = (value["bodyValues"] ?? {}) as Record<string, { value: string }>;
      const attachments = (value["attachments"] ?? []) as unknown[];
      const twin = this.refusesTwins ? this.#twinOf(value, bodyValues) : undefined;
      if (twin !== undefined) {
        answer.notCreated[key] = { type: "alreadyExists", existingId: twin };
        continue;
      }
      const id = this.deliver(
        {
          ...value,
          preview: Object.values(bodyValues)[0]?.value.slice(0, 200) ?? "",
          htmlBody: value["textBody"],
          hasAttachment: attachments.length > 0,
          attachments,
        },
        "drafts",
        true,
      ).id;
      this.emails.get(id)!.mailboxIds = value["mailboxIds"] as Record<string, boolean>;
      created.set(key, id);
      answer.created[key] = { id: this.joinsThreads ? `${id}-before` : id, blobId: `blob-${id}`, size: 1200 };
    }
    for (const [id, patch] of Object.entries((args["update"] ?? {}) as Record<string, Args>)) {
      if (this.patch(id, patch)) answer.updated[id] = null;
      else answer.notUpdated[id] = { type: "notFound" };
    }
    for (const id of (args["destroy"] ?? []) as string[]) {
      if (this.emails.delete(this.#find(id)?.id ?? id)) {
        destroyed.push(id);
        this.note("Email", id, "destroyed");
      } else answer.notDestroyed[id] = { type: "notFound" };
    }
    this.onChange();
    return { oldState, newState: this.state, destroyed, ...answer };
  }

  #twinOf(value: Args, bodyValues: Record<string, { value: string }>): string | undefined {
    const preview = Object.values(bodyValues)[0]?.value.slice(0, 200) ?? "";
    const isTwin = (one: StoredEmail) =>
      one.preview === preview && one.subject === value["subject"] &&
      one.messageId[0] === (value["messageId"] as string[] | undefined)?.[0];
    return [...this.emails.values()].find(isTwin)?.id;
  }

  patch(id: string, patch: Args): boolean {
    const email = this.#find(id);
    if (email === undefined) return false;
    for (const [path, value] of Object.entries(patch)) {
      const [property, member] = path.split("/") as [string, string | undefined];
      if (member === undefined) email[property] = value;
      else {
        const flags = { ...(email[property] as Record<string, boolean>) };
        if (value === null) delete flags[member];
        else flags[member] = true;
        email[property] = flags;
      }
    }
    this.note("Email", id, "updated");
    return true;
  }

  #submit(args: Args, createdIds: Map<string, string>): Answer {
    const created: Answer = {};
    const notCreated: Answer = {};
    for (const [key, value] of Object.entries((args["create"] ?? {}) as Record<string, Args>)) {
      const wished = String(value["emailId"]);
      const emailId = wished.startsWith("#") ? createdIds.get(wished.slice(1)) : wished;
      const recipients = ((value["envelope"] as Args)["rcptTo"] as { email: string }[]).map(({ email }) =>
        email
      );
      const refused = recipients.filter((email) => this.refused.has(email));
      if (emailId === undefined || this.#find(emailId) === undefined) {
        notCreated[key] = { type: "invalidProperties", properties: ["emailId"] };
      } else if (refused.length > 0) {
        const reason = this.refused.get(refused[0]!);
        notCreated[key] = {
          type: "invalidRecipients",
          invalidRecipients: refused,
          "urn:mssante:reason": reason,
        };
      } else {
        const id = `s${this.submissions.size + 1}`;
        const status = recipients.map((email) => [email, {
          smtpReply: this.bounced.get(email) ?? "250 2.0.0 Ok",
          delivered: this.bounced.has(email) ? "no" : "queued",
          displayed: "unknown",
        }]);
        this.submissions.set(id, {
          id,
          emailId,
          undoStatus: "final",
          deliveryStatus: Object.fromEntries(status),
        });
        created[key] = { id };
        const patch = (args["onSuccessUpdateEmail"] as Record<string, Args> | undefined)?.[`#${key}`];
        if (patch !== undefined) this.patch(emailId, patch);
      }
    }
    this.onChange();
    return { oldState: "0", newState: "1", created, notCreated, updated: null };
  }
}
