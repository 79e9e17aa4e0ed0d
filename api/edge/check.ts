import { inSystem } from "../database/in-tenant.ts";
import { type SenderQuestion, toAddress } from "./attempt.ts";
import { accept, type Edge, type Outcome } from "./edge.ts";
import { nobody } from "./examined.ts";
import { parseProof } from "./proof.ts";
import { findBox, listStandings } from "./queries.ts";
import type { EdgeRefusal } from "./refusal.ts";
import { refusalOf } from "./standing.ts";

/**
 * Whether who signed in may send as this address now, and from which box then: asked at each message, since a right may have ended
 * since the sign-in.
 *
 * A person who proved himself by a token may send as any box in whose name he may; an app password as its own box alone, and
 * a certificate as its boxes. What may only be sent on behalf of a box does not leave here: nobody in this way looks at `Sender`
 * as the gateway does (api/jmap-gateway/originators.ts), and the webmail is there for it. The null sender is the box that signed in.
 */
export async function checkSender(edge: Edge, question: SenderQuestion): Promise<Outcome> {
  const { deps, trace } = edge;
  const signedIn = parseProof(question.proof);
  const refuse = async (
    reason: EdgeRefusal,
    about: { readonly mailboxId?: string; readonly structureId?: string | null } = {},
  ): Promise<Outcome> => {
    const { box: username, ip } = question;
    await trace.refused({ reason, service: "check", username, ip, ...about });
    return { kind: "refused" };
  };
  if (signedIn === undefined) return await refuse("proof-malformed");
  const now = deps.now();
  const { own, as } = await inSystem(deps, async (tx) => {
    const wanted = question.sender === ""
      ? signedIn.mailboxId
      : await findBox(tx, toAddress(question.sender)) ?? nobody;
    const [own, as] = await listStandings(tx, [signedIn, { ...signedIn, mailboxId: wanted }], now);
    return { own, as };
  });
  if (own === undefined || as === undefined) throw new Error("a proof without a line");
  const about = { mailboxId: own.mailbox_id, structureId: own.structure_id };
  const ended = refusalOf(own, "submission", now);
  if (ended !== undefined) return await refuse(ended, about);
  // The name that came along with the proof is the edge's own word; a mistake there must not send as somebody else.
  if (own.address !== toAddress(question.box)) return await refuse("proof-malformed", about);
  if (as.structure_id === null) return await refuse("sender-not-ours", about);
  if (as.kind === "app-password" && as.mailbox_id !== own.mailbox_id) {
    return await refuse("sender-other-box", about);
  }
  const refusal = refusalOf(as, "submission", now);
  if (refusal !== undefined) return await refuse(refusal, about);
  return accept(as, { ...signedIn, mailboxId: as.mailbox_id });
}
