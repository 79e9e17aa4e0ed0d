/**
 * The server's log lines as they may be kept: whoever wrote to whom is health data, and the server names both in each
 * line of a delivery. Lines of one run stay joinable, since an address always becomes the same short name, and a queue
 * id leads to the box in `app.submissions`.
 */

/** Returns a function that replaces the local part of every address, but those of Message-IDs, in a line. */
export function addressHider(): (line: string) => string {
  // The key lives as long as the process: nobody can try addresses against an old log.
  const key = crypto.getRandomValues(new Uint32Array(2));
  return (line) =>
    line.replace(/(messageId = ")?([^\s"'<>=,;:[\]()]+)@([A-Za-z0-9.-]+)/g, (whole, isId, local, domain) => {
      if (isId !== undefined) return whole;
      return `~${shortName(`${local.toLowerCase()}@${domain.toLowerCase()}`, key)}@${domain}`;
    });
}

/** Two rounds of FNV-1a under the key: a name, not a signature. */
function shortName(text: string, key: Uint32Array): string {
  let hash = (0x811c9dc5 ^ key[0]!) >>> 0;
  for (let round = 0; round < 2; round++) {
    for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    hash = (hash ^ key[1]!) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}
