/** Patch objects of a /set update (RFC 8620 §5.3). */

/** Escapes one member name for use in a patch path (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The patch that turns one set of flags (`keywords`, `mailboxIds`) into another; empty when they are equal. */
export function patchFlags(
  property: string,
  before: Readonly<Record<string, boolean>>,
  after: Readonly<Record<string, boolean>>,
): Record<string, true | null> {
  const patch: Record<string, true | null> = {};
  for (const name of Object.keys(before)) {
    if (after[name] !== true) patch[`${property}/${escapePointer(name)}`] = null;
  }
  for (const name of Object.keys(after)) {
    if (before[name] !== true) patch[`${property}/${escapePointer(name)}`] = true;
  }
  return patch;
}
