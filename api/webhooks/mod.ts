/**
 * Webhooks: a structure's own software is told of what happens in it. The events are the rows of its audit trail, by the
 * names of the acts; a call carries ids and nothing of their content, so that whoever wants more asks the API with a right.
 *
 * The way of an event: the trail's row is sealed → the database adds the job `dispatch-webhooks` of that structure (trigger
 * on the chain's end) → one delivery per webhook that wants it, in order of the chain → `deliver-webhook`, signed as Standard
 * Webhooks say (sign.ts), again and again with growing pauses (retry.ts). At least once, and by number in the chain: a
 * receiver that sees a gap reads the trail.
 *
 * A webhook: active ⇄ disabled, by hand, or by itself when every call has failed for days or the receiver says 410. A
 * delivery: pending → delivered | failed. What happens while a webhook is disabled is not told later.
 *
 * A URL may lead to no private address, whatever name it hides behind (public-address.ts), and no redirect is followed.
 */
export { callReceiver, isTaken } from "./call.ts";
export { type DeliverDeps, deliverWebhook } from "./deliver.ts";
export { dispatchWebhooks } from "./dispatch.ts";
export { sweepDeliveries } from "./sweep.ts";
export { signedHeaders } from "./sign.ts";
