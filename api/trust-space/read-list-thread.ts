/** The thread of `readList`: one list in, one answer out. */

import { readHere } from "./read-list.ts";

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<Uint8Array>) => void;
  postMessage: (answer: unknown) => void;
};
thread.onmessage = ({ data }) => thread.postMessage(readHere(data));
