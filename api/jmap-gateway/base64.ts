/** Base64 (RFC 4648 §4) as `data:asBase64` of Blob/get carries it. */
export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
