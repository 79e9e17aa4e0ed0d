import { expect, test } from "vitest";
import { orderFolders, toFolder } from "../../../web/src/lib/mail/folders.ts";

const folder = (id: string, name: string, role: string | null, parentId: string | null = null) =>
  toFolder({ id, name, role, parentId, sortOrder: 0, totalEmails: 0, unreadEmails: 0 });

test("folders with a role come first in the order people look for them, the others by name", () => {
  const lines = orderFolders([
    folder("1", "Étude", null),
    folder("2", "Trash", "trash"),
    folder("3", "Zèbre", null),
    folder("4", "INBOX", "inbox"),
    folder("5", "Sent", "sent"),
    folder("6", "2025", null, "1"),
    folder("7", "Perdu", null, "gone"),
  ], "fr");
  expect(lines.map(({ folder: { id }, depth }) => `${id}:${depth}`)).toEqual([
    "4:0",
    "5:0",
    "2:0",
    "1:0",
    "6:1",
    "7:0",
    "3:0",
  ]);
});
