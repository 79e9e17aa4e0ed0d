/**
 * The JMAP gateway: `/jmap/*` of the browser → the mail server, on behalf of the signed-in person.
 *
 * A person's JMAP session lists the boxes (BAL) that this person may open, each an account under the mail server's own id.
 * Towards the mail server the gateway is, call by call, the box itself and nobody else; what a box may do is the mail
 * server's business, which boxes are whose is the platform's. Invariants, each with a test:
 * an account id that is not among the person's boxes is answered like one that does not exist, byte for byte; no method
 * passes that is not on the list (methods.ts); nothing leaves in another's name (submission-check.ts) nor twice
 * (ledger.ts); bytes of mails and attachments flow through without being held; a right that ends closes what is open.
 *
 * The way of a request: routes.ts → request.ts (size, I-JSON, shape) → api-call.ts → whole to its box, or split.ts with
 * guards.ts. Events: box-stream.ts (one per box and process) → events-hub.ts → event-source.ts and websocket.ts.
 */
export { createGateway, type Gateway } from "./gateway.ts";
export { createGatewayRoutes, jmapApiRoute } from "./routes.ts";
