/** Scripts whose letters are mistaken for Latin ones, by the name that a person understands. */
const lookAlikes: readonly (readonly [RegExp, string])[] = [
  [/\p{Script=Cyrillic}/u, "Cyrillic"],
  [/\p{Script=Greek}/u, "Greek"],
  [/\p{Script=Armenian}/u, "Armenian"],
  [/\p{Script=Cherokee}/u, "Cherokee"],
  [/[\uff01-\uff5e]/u, "full-width"],
  [/\p{M}/u, "combining"],
  [/\p{Cf}/u, "invisible"],
];

/**
 * The first character outside printable ASCII, in words, or undefined when there is none: `holds U+0430, a Cyrillic
 * look-alike`. The character itself is not repeated, since the reader would see nothing wrong with it.
 */
export function foreignCharacter(text: string): string | undefined {
  for (const character of text) {
    if (/^[\x21-\x7e]$/.test(character)) continue;
    const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
    if (/^\s$/.test(character)) return `holds a space (${code})`;
    const script = lookAlikes.find(([pattern]) => pattern.test(character))?.[1];
    if (script !== undefined) return `holds ${code}, a ${script} look-alike`;
    return `holds ${code}, which is not an ASCII character`;
  }
  return undefined;
}
