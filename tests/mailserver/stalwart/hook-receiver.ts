/** Stands where the API receives the mail server's hook: keeps what was said, answers what the test wants. */
import {
  acceptSubmission,
  deferForRoom,
  readRecipientHook,
  readSubmissionHook,
  type SubmissionHook,
} from "../../../api/mail-server/stalwart/hook.ts";

export interface HookReceiver {
  readonly url: string;
  readonly calls: { hook: SubmissionHook; authorization: string | null; path: string }[];
  /** Answer to the next calls; `undefined` = accept. A number is an HTTP status. */
  answer: unknown;
  /** Recipients of mail from the border that were asked about. */
  readonly recipients: string[];
  /** Those whose box is full. */
  readonly full: Set<string>;
  /** Answers wait for it. */
  hold: Promise<void> | undefined;
  stop(): Promise<void>;
}

export function startHookReceiver(port: number): HookReceiver {
  const calls: HookReceiver["calls"] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname;
    if (path.endsWith("/recipient")) {
      const recipient = readRecipientHook(await request.text()) ?? "";
      receiver.recipients.push(recipient);
      if (typeof receiver.answer === "number") return new Response(null, { status: receiver.answer });
      return Response.json(receiver.full.has(recipient) ? deferForRoom() : acceptSubmission());
    }
    const hook = await readSubmissionHook(request.body!);
    calls.push({
      hook,
      authorization: request.headers.get("authorization"),
      path,
    });
    await receiver.hold;
    if (typeof receiver.answer === "number") return new Response(null, { status: receiver.answer });
    return Response.json(receiver.answer ?? acceptSubmission());
  });
  const receiver: HookReceiver = {
    url: `http://127.0.0.1:${port}`,
    calls,
    answer: undefined,
    recipients: [],
    full: new Set(),
    hold: undefined,
    stop: () => server.shutdown(),
  };
  return receiver;
}
