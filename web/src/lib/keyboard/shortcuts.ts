/// <reference lib="dom" />
/** Keys of the webmail: one table for the handler and for the help. Single keys never act while a person types. */
import { m } from "#lib/i18n/generated/messages.js";

export type Command =
  | "next"
  | "previous"
  | "open"
  | "reply"
  | "reply-all"
  | "forward"
  | "compose"
  | "archive"
  | "delete"
  | "move"
  | "tick"
  | "star"
  | "mark-unread"
  | "back"
  | "search"
  | "undo"
  | "help"
  | "go-inbox"
  | "go-drafts"
  | "go-sent"
  | "go-archive"
  | "go-trash"
  | "escape";

export interface Shortcut {
  readonly keys: string;
  readonly command: Command;
  readonly label: () => string;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: "j", command: "next", label: m.key_next },
  { keys: "k", command: "previous", label: m.key_previous },
  { keys: "o", command: "open", label: m.key_open },
  { keys: "u", command: "back", label: m.action_back },
  { keys: "c", command: "compose", label: m.action_write },
  { keys: "r", command: "reply", label: m.action_reply },
  { keys: "a", command: "reply-all", label: m.action_reply_all },
  { keys: "f", command: "forward", label: m.action_forward },
  { keys: "e", command: "archive", label: m.action_archive },
  { keys: "#", command: "delete", label: m.action_delete },
  { keys: "v", command: "move", label: m.action_move },
  { keys: "x", command: "tick", label: m.key_tick },
  { keys: "s", command: "star", label: m.action_star },
  { keys: "U", command: "mark-unread", label: m.action_mark_unread },
  { keys: "z", command: "undo", label: m.action_undo },
  { keys: "/", command: "search", label: m.search_label },
  { keys: "g i", command: "go-inbox", label: m.folder_inbox },
  { keys: "g d", command: "go-drafts", label: m.folder_drafts },
  { keys: "g t", command: "go-sent", label: m.folder_sent },
  { keys: "g e", command: "go-archive", label: m.folder_archive },
  { keys: "g p", command: "go-trash", label: m.folder_trash },
  { keys: "?", command: "help", label: m.keys_title },
];

/** Turns key presses into commands; a first `g` waits a second for its other half. */
export function createKeyReader(now: () => number): (event: KeyboardEvent) => Command | undefined {
  let prefix = "";
  let until = 0;
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) {
      return;
    }
    if (event.key === "Escape") return "escape";
    const isPrefixed = prefix !== "" && now() < until;
    const keys = isPrefixed ? `${prefix} ${event.key}` : event.key;
    prefix = "";
    if (!isPrefixed && event.key === "g") {
      prefix = "g";
      until = now() + 1000;
      return undefined;
    }
    return shortcuts.find((one) => one.keys === keys)?.command;
  };
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("input,textarea,select,dialog,[role=dialog]") !== null;
}
