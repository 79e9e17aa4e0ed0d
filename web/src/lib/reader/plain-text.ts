/** Plain text as lines of words and links: text is never parsed as HTML. */
export interface Piece {
  readonly text: string;
  readonly href: string | undefined;
}

export interface Line {
  readonly isQuote: boolean;
  readonly pieces: readonly Piece[];
}

const link = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'’»]/g;

export function toLines(text: string): Line[] {
  return text.replace(/\r\n?/g, "\n").split("\n").map((line) => ({
    isQuote: line.startsWith(">"),
    pieces: toPieces(line),
  }));
}

function toPieces(line: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  for (const match of line.matchAll(link)) {
    if (match.index > position) pieces.push({ text: line.slice(position, match.index), href: undefined });
    pieces.push({ text: match[0], href: match[0] });
    position = match.index + match[0].length;
  }
  if (position < line.length || pieces.length === 0) {
    pieces.push({ text: line.slice(position), href: undefined });
  }
  return pieces;
}
