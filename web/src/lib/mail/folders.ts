/** Order and roles of folders. */
import type { JmapMailbox } from "#lib/jmap/types.ts";
import type { Folder, Id } from "./types.ts";

/** Roles in the order in which a person looks for them; folders without one follow by name. */
export const roleOrder = ["inbox", "drafts", "sent", "archive", "junk", "trash"] as const;
export type FolderRole = (typeof roleOrder)[number];

export function toFolder(mailbox: JmapMailbox): Folder {
  const may = (right: string) => mailbox.myRights?.[right] !== false;
  return {
    id: mailbox.id,
    name: mailbox.name,
    role: mailbox.role,
    parentId: mailbox.parentId,
    sortOrder: mailbox.sortOrder,
    total: mailbox.totalEmails,
    unread: mailbox.unreadEmails,
    mayAddItems: may("mayAddItems"),
    mayRemoveItems: may("mayRemoveItems"),
  };
}

export interface FolderLine {
  readonly folder: Folder;
  /** 0 for a top folder. */
  readonly depth: number;
}

/** All folders as lines of a tree: roles first, then by name in the given language; a lost parent makes a top folder. */
export function orderFolders(folders: Iterable<Folder>, language: string): FolderLine[] {
  const all = [...folders];
  const known = new Set(all.map(({ id }) => id));
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const rank = ({ role }: Folder) => {
    const place = roleOrder.indexOf(role as FolderRole);
    return place === -1 ? roleOrder.length : place;
  };
  const compare = (a: Folder, b: Folder) =>
    rank(a) - rank(b) || a.sortOrder - b.sortOrder || collator.compare(a.name, b.name);
  const lines: FolderLine[] = [];
  const visit = (parentId: Id | null, depth: number) => {
    const children = all.filter((one) =>
      parentId === null ? one.parentId === null || !known.has(one.parentId) : one.parentId === parentId
    );
    for (const folder of children.sort(compare)) {
      lines.push({ folder, depth });
      if (depth < 10) visit(folder.id, depth + 1);
    }
  };
  visit(null, 0);
  return lines;
}

export function findByRole(folders: Iterable<Folder>, role: FolderRole): Folder | undefined {
  for (const folder of folders) if (folder.role === role) return folder;
  return undefined;
}
