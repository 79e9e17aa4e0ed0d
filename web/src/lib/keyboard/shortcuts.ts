/// <reference lib="dom" />
/** Keys of the webmail: one table for the handler and for the help (whose words are in its dialog). Single keys never act while a person types. */
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

/** In the order in which the help shows them. */
export const shortcuts: readonly (readonly [keys: string, command: Command])[] = [
  ["j", "next"],
  ["k", "previous"],
  ["o", "open"],
  ["u", "back"],
  ["c", "compose"],
  ["r", "reply"],
  ["a", "reply-all"],
  ["f", "forward"],
  ["e", "archive"],
  ["#", "delete"],
  ["v", "move"],
  ["x", "tick"],
  ["s", "star"],
  ["U", "mark-unread"],
  ["z", "undo"],
  ["/", "search"],
  ["g i", "go-inbox"],
  ["g d", "go-drafts"],
  ["g t", "go-sent"],
  ["g e", "go-archive"],
  ["g p", "go-trash"],
  ["?", "help"],
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
    return shortcuts.find((one) => one[0] === keys)?.[1];
  };
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("input,textarea,select,dialog,[role=dialog]") !== null;
}
