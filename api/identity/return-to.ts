/**
 * Where a person goes after sign-in: a path of this origin and nothing else, so that a link cannot use the sign-in to
 * send someone elsewhere (open redirect, CWE-601).
 */
export const defaultReturnTo = "/";

const maximumLength = 2_048;

/** `value` when it is a safe local path with its query, else `/`. Fragments are kept by the browser, not sent. */
export function toLocalPath(value: string | undefined | null): string {
  if (!value || value.length > maximumLength) return defaultReturnTo;
  // `//host` and `/\host` name another host; browsers drop tabs and newlines, so no control character may hide one.
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(value) || value.includes("\\")) return defaultReturnTo;
  const base = "http://local.invalid";
  let url: URL;
  try {
    url = new URL(value, base);
  } catch {
    // Not a path a browser would follow: the person lands on the first page.
    return defaultReturnTo;
  }
  if (url.origin !== base || url.pathname.startsWith("//")) return defaultReturnTo;
  // Back to the sign-in itself would be a loop.
  if (/^\/auth(\/|$)/.test(url.pathname) || /^\/sign-in(\/|$)/.test(url.pathname)) return defaultReturnTo;
  return `${url.pathname}${url.search}`;
}
