/** The pattern of LIKE that finds `text` anywhere, taken as it is written: its own `%`, `_` and `\` mean nothing. */
export function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}
