/** The wire form of Server-Sent Events (HTML, "Server-sent events"): parsed from the mail server, written to browsers. */

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** One line of an event stream may not be longer than this: a server that never ends a line is cut off. */
const maxBuffered = 1024 * 1024;

/** Reads events as they come. Ends when the stream does; throws when it breaks. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let buffered = "";
  let event = "", data: string[] = [];
  for await (const chunk of body) {
    buffered += decoder.decode(chunk, { stream: true });
    if (buffered.length > maxBuffered) throw new Error("An event has no end.");
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(buffered);
      if (end === null) break;
      const line = buffered.slice(0, end.index);
      buffered = buffered.slice(end.index + end[0].length);
      if (line === "") {
        if (data.length > 0) yield { event: event || "message", data: data.join("\n") };
        event = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
    }
  }
}

const encoder = new TextEncoder();

/** One event with JSON data, on the wire. */
export function writeEvent(event: string, data: unknown): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** A line that browsers skip: opens the stream, so that headers leave at once. */
export function writeComment(text: string): Uint8Array {
  return encoder.encode(`: ${text}\n\n`);
}
