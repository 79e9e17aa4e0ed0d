/// <reference lib="dom" />
/**
 * Ids of the inboxes seen on this machine, by account: the first list then needs no request for the folders first.
 * Opaque ids only; a wrong one costs one more request.
 */
const key = "mss.inboxes";

export function rememberedInboxes(): Map<string, string> {
  let kept: Map<string, string>;
  try {
    kept = new Map(JSON.parse(localStorage.getItem(key) ?? "[]") as [string, string][]);
  } catch {
    kept = new Map(); // written by something else
  }
  const set = kept.set.bind(kept);
  kept.set = (accountId, folderId) => {
    set(accountId, folderId);
    localStorage.setItem(key, JSON.stringify([...kept]));
    return kept;
  };
  return kept;
}
