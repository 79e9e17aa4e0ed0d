/** The attachments of one draft: refused before upload when together too large, two uploads at a time, each cancellable. */
import type { Box } from "#lib/mail/box.svelte.ts";
import { uploadFile } from "#lib/mail/outbox.ts";
import { type MailProblem, toProblem } from "#lib/mail/problem.ts";
import type { Attachment } from "#lib/mail/types.ts";
import type { JournalFile } from "./journal.ts";

export class Upload {
  readonly key = crypto.randomUUID();
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly file: Blob | undefined;
  blobId = $state<string | undefined>(undefined);
  sentBytes = $state(0);
  problem = $state<MailProblem | undefined>(undefined);
  readonly abort = new AbortController();
  isRunning = false;

  constructor(from: JournalFile) {
    this.name = from.name;
    this.type = from.type;
    this.sizeBytes = from.sizeBytes;
    this.blobId = from.blobId;
    this.file = from.file;
  }
}

export class Uploads {
  list = $state<Upload[]>([]);
  /** Files that would have made the message too large: their names. */
  tooLarge = $state.raw<readonly string[]>([]);
  readonly #box: Box;

  constructor(box: Box, start: readonly JournalFile[]) {
    this.#box = box;
    this.list = start.map((one) => new Upload(one));
    this.#pump();
  }

  get totalBytes(): number {
    return this.list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  get limitBytes(): number {
    return this.#box.limits.maxAttachmentsBytes;
  }

  get isReady(): boolean {
    return this.list.every(({ blobId }) => blobId !== undefined);
  }

  get isFailed(): boolean {
    return this.list.some(({ problem }) => problem !== undefined);
  }

  /** Those that the server holds. */
  get attachments(): Attachment[] {
    return this.list.flatMap(({ blobId, name, type, sizeBytes }) =>
      blobId === undefined ? [] : [{ blobId, name, type, sizeBytes }]
    );
  }

  add(files: Iterable<File>): void {
    const refused: string[] = [];
    for (const file of files) {
      if (this.totalBytes + file.size > this.limitBytes) refused.push(file.name);
      else {
        const type = file.type === "" ? "application/octet-stream" : file.type;
        this.list.push(new Upload({ name: file.name, type, sizeBytes: file.size, file }));
      }
    }
    this.tooLarge = refused;
    this.#pump();
  }

  remove(upload: Upload): void {
    upload.abort.abort();
    this.list = this.list.filter(({ key }) => key !== upload.key);
    this.tooLarge = [];
    this.#pump();
  }

  /** Tries what failed once more. */
  retry(): void {
    for (const upload of this.list) upload.problem = undefined;
    this.#pump();
  }

  stop(): void {
    for (const upload of this.list) upload.abort.abort();
  }

  #pump(): void {
    for (const upload of this.list) {
      if (this.list.filter(({ isRunning }) => isRunning).length >= 2) return;
      const isWaiting = upload.blobId === undefined && !upload.isRunning && upload.problem === undefined;
      if (isWaiting && upload.file !== undefined) void this.#run(upload, upload.file);
    }
  }

  async #run(upload: Upload, file: Blob): Promise<void> {
    upload.isRunning = true;
    upload.sentBytes = 0;
    try {
      const { blobId } = await uploadFile(this.#box, file, {
        signal: upload.abort.signal,
        onProgress: (sentBytes) => upload.sentBytes = sentBytes,
      });
      upload.blobId = blobId;
    } catch (error) {
      if (!upload.abort.signal.aborted) upload.problem = toProblem(error);
    } finally {
      upload.isRunning = false;
      this.#pump();
    }
  }
}
