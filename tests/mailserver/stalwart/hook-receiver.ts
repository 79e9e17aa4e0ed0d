/** Stands where the API receives the mail server's hook: keeps what was said, answers what the test wants. */
import {
  acceptSubmission,
  readSubmissionHook,
  type SubmissionHook,
} from "../../../api/mail-server/stalwart/hook.ts";

export interface HookReceiver {
  readonly url: string;
  readonly calls: { hook: SubmissionHook; authorization: string | null; path: string }[];
  /** Answer to the next calls; `undefined` = accept. A number is an HTTP status. */
  answer: unknown;
  /** Answers wait for it. */
  hold: Promise<void> | undefined;
  stop(): Promise<void>;
}

export function startHookReceiver(port: number): HookReceiver {
  const calls: HookReceiver["calls"] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
    const hook = await readSubmissionHook(request.body!);
    calls.push({
      hook,
      authorization: request.headers.get("authorization"),
      path: new URL(request.url).pathname,
    });
    await receiver.hold;
    if (typeof receiver.answer === "number") return new Response(null, { status: receiver.answer });
    return Response.json(receiver.answer ?? acceptSubmission());
  });
  const receiver: HookReceiver = {
    url: `http://127.0.0.1:${port}`,
    calls,
    answer: undefined,
    hold: undefined,
    stop: () => server.shutdown(),
  };
  return receiver;
}
