/** A start that failed, told in one sentence to the person who waits for it. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}
