/** What writing needs of a box: uploads, drafts and sending. Apart from the box itself, which is loaded before. */
import { uploadBlob, type UploadOptions } from "#lib/jmap/blobs.ts";
import type { Box } from "./box.svelte.ts";
import { type DraftContent, DraftSaver } from "./drafts.ts";
import type { FolderRole } from "./folders.ts";
import { MailProblem, toProblem } from "./problem.ts";
import { sendDraft, type SendOutcome } from "./submission.ts";
import type { Id } from "./types.ts";

/** Uploads one file. Throws MailProblem, or AbortError when cancelled. */
export async function uploadFile(
  box: Box,
  file: Blob,
  options: UploadOptions,
): Promise<{ blobId: Id; sizeBytes: number }> {
  try {
    const { blobId, size } = await uploadBlob(box.session, box.info.id, file, options);
    return { blobId, sizeBytes: size };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw toProblem(error);
  }
}

/** What saves one draft of a box; `copies` are its versions on the server. Throws when the box has no drafts folder. */
export function createDraftSaver(box: Box, copies: readonly Id[], isUnsure: boolean): DraftSaver {
  return new DraftSaver(box.connection, box.info.id, folderId(box, "drafts"), copies, isUnsure);
}

/** Sends one draft of a box once; see `sendDraft`. */
export async function sendFrom(
  box: Box,
  content: DraftContent,
  saver: DraftSaver,
  mayBeSent: boolean,
  savedCopy?: () => Id | undefined,
): Promise<SendOutcome> {
  let identityId: Id;
  try {
    identityId = (await box.identity()).id;
  } catch (error) {
    const { code, cause } = toProblem(error);
    throw new MailProblem(code, { cause, mayHaveHappened: mayBeSent });
  }
  const context = {
    connection: box.connection,
    accountId: box.info.id,
    identityId,
    draftsId: folderId(box, "drafts"),
    sentId: folderId(box, "sent"),
    pause: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
  };
  return await sendDraft(context, content, saver, mayBeSent, savedCopy);
}

function folderId(box: Box, role: FolderRole): Id {
  const folder = box.folder(role);
  if (folder === undefined) throw new MailProblem("not-found");
  return folder.id;
}
