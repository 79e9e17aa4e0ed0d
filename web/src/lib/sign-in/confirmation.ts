/**
 * Card or phone shown again, in a window of its own: the page that asks stays as it is, with all that was typed in it, and hears from
 * the other window when it is done.
 */
const channelName = "mss-confirmed";

/** The window in which Pro Santé Connect asks; undefined where the browser opens none. */
export function openConfirmation(): Window | undefined {
  return globalThis.open("/auth/confirm", "mss-confirm", "popup,width=520,height=720") ?? undefined;
}

/** Told once the person has shown card or phone. @returns how not to be told any more */
export function onConfirmed(act: () => void): () => void {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = act;
  return () => channel.close();
}

/** In the window itself: tells the page that waits, and goes away where the browser lets it. */
export function tellConfirmed(): void {
  const channel = new BroadcastChannel(channelName);
  channel.postMessage("confirmed");
  channel.close();
  globalThis.close();
}
