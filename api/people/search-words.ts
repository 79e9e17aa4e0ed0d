/**
 * What somebody typed into the search of people, as words that must all be found. Hyphens and apostrophes separate the
 * words of a name, as in the searched column (`app.name_key`); an address is looked for as it is written.
 */
export function searchWords(text: string | undefined): readonly string[] {
  return (text ?? "").split(/[\s,;]+/)
    .flatMap((word) => /[@.\d]/.test(word) ? [word] : word.split(/[-'’]/))
    .filter((word) => word !== "")
    .slice(0, maximumWords);
}

/** More words narrow nothing that matters and cost as much as the first. */
const maximumWords = 8;
