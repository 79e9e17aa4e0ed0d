/** Whatever was thrown, as an Error. */
export function toFault(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
