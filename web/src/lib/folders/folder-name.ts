/** The name of a folder: by its role in the reader's language, else its own. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Folder } from "#lib/mail/types.ts";
import type { IconName } from "#lib/ui/icon.svelte";

const names: Readonly<Record<string, () => string>> = {
  inbox: m.folder_inbox,
  drafts: m.folder_drafts,
  sent: m.folder_sent,
  archive: m.folder_archive,
  junk: m.folder_junk,
  trash: m.folder_trash,
};

export function folderName(folder: Folder): string {
  return names[folder.role ?? ""]?.() ?? folder.name;
}

export function folderIcon(folder: Folder): IconName {
  return folder.role !== null && folder.role in names ? (folder.role as IconName) : "folder";
}
