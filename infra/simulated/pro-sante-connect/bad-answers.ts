/** Answers that are none: what a front end, a cut line or a broken server gives in the provider's place. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { EndpointFault } from "./misbehaviour.ts";

/** Whether the request has been answered. */
export function answerBadly(
  mode: EndpointFault["mode"],
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const send = (status: number, type: string, body: string, headers = {}) => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
    response.end(body);
  };
  switch (mode) {
    case "slow":
      return false;
    case "down":
      request.socket.destroy();
      break;
    case "error":
      send(503, "text/plain", "Service Unavailable");
      break;
    case "garbage":
      send(200, "text/html", "<!doctype html><title>Maintenance</title>");
      break;
    case "truncated":
      send(200, "application/json", '{"issuer":"https://auth.esw.esante.gouv.fr/auth/realms/esante-wal');
      break;
    case "redirect":
      send(302, "text/plain", "", { location: request.url });
      break;
    case "wrong-type":
      send(200, "image/png", '{"active":true}');
      break;
    case "error-with-200":
      send(200, "application/json", '{"error":"server_error","error_description":"try again"}');
      break;
    case "empty":
      send(200, "application/json", "");
      break;
    case "huge":
      sendWithoutEnd(response);
  }
  return true;
}

/** One JSON text that goes on until the other side has had enough. */
function sendWithoutEnd(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"keys":["');
  const block = "x".repeat(65_536);
  const more = () => {
    while (!response.destroyed) if (!response.write(block)) return void response.once("drain", more);
  };
  more();
}
