/**
 * How many connections somebody has to one box over IMAP: what Dovecot listed at the last look, and who signed in since. Counted by
 * who and box, whichever token he came with, and never by address: behind one hospital's address are thousands. It keeps a program
 * that runs wild from the places of those who share its box (the mail server counts by box alone). Off by a few for a second.
 */
import type { Proof } from "./proof.ts";

/** Without a look for so long nothing is known, and nobody is refused. */
const freshMilliseconds = 10_000;

/** Who was let in so shortly before a look may not stand in it. */
const comingInMilliseconds = 500;

export interface Connections {
  /** Whether one more may come; it counts from now on. */
  admit(proof: Proof): boolean;
  /** What a look found that began at `began`, one proof for each connection. */
  saw(proofs: readonly Proof[], began: Date): void;
}

/** @param max connections of one to a box */
export function createConnections(now: () => Date, max: number): Connections {
  let listed = new Map<string, number>();
  let comingIn: { readonly key: string; readonly at: number }[] = [];
  let seenAt = 0;
  const keyOf = ({ kind, id, mailboxId }: Proof) => `${kind}:${id}@${mailboxId}`;
  return {
    admit(proof) {
      const at = now().getTime();
      const key = keyOf(proof);
      if (at - seenAt > freshMilliseconds) comingIn = [];
      else if ((listed.get(key) ?? 0) + comingIn.filter((one) => one.key === key).length >= max) return false;
      comingIn.push({ key, at });
      return true;
    },
    saw(proofs, began) {
      listed = new Map();
      for (const key of proofs.map(keyOf)) listed.set(key, (listed.get(key) ?? 0) + 1);
      comingIn = comingIn.filter(({ at }) => at > began.getTime() - comingInMilliseconds);
      seenAt = now().getTime();
    },
  };
}
