/**
 * The way of one request: whole to its one box when it can (the usual case), else call by call in order.
 *
 * In order means: calls for the same box that follow each other travel together; a call for another box, or one that
 * must be looked into, ends the group. Result references and creation ids that cross groups are resolved here
 * (RFC 8620 §3.7, §5.3). What is refused is refused alone: its neighbours go on, and the responses come back in the
 * order of the calls.
 */
import { MailServerUnavailable } from "../mail-server/mod.ts";
import type { Accounts, Box, PersonBoxes } from "./accounts.ts";
import { type CallContext, methodError, UpstreamRefused } from "./box-calls.ts";
import type { Guards } from "./guards.ts";
import { gateway, type Method, methods, needsGuard } from "./methods.ts";
import { hasReferences, InvalidResultReference, referredCalls, resolveReferences } from "./references.ts";
import type { Arguments, Invocation, JmapRequest } from "./request.ts";
import { mayEverything, refusalOf } from "./rights.ts";
import { BoxRefused } from "./upstream.ts";

/**
 * The box the request may go to as it came: every call is allowed, names this one account, and holds nothing to look
 * into. `undefined` when the request has to be taken apart.
 */
export function wholeRequestBox(request: JmapRequest, boxes: PersonBoxes): Box | undefined {
  if (request.using.includes(gateway)) return undefined;
  // A creation id of that name would be taken for the member that is replaced in the answer.
  if (request.createdIds !== undefined && "sessionState" in request.createdIds) return undefined;
  let accountId: string | undefined;
  for (const [name, args] of request.methodCalls) {
    const method = methods.get(name);
    if (method === undefined) return undefined;
    if (method.accounts === 0) continue;
    if (method.accounts === 2 || "#accountId" in args || typeof args.accountId !== "string") return undefined;
    if (accountId !== undefined && args.accountId !== accountId) return undefined;
    if (needsGuard(method, args)) return undefined;
    accountId = args.accountId;
  }
  if (accountId === undefined) return boxes.byAccount.values().next().value;
  const box = boxes.byAccount.get(accountId);
  if (box === undefined || mayEverything(box)) return box;
  const isRefused = request.methodCalls.some(([name]) => refusalOf(methods.get(name)!, box) !== undefined);
  return isRefused ? undefined : box;
}

type Entry = { readonly call: Invocation } | { readonly answer: Invocation };

/** A call that was judged: answered on the spot, for a box as it is, or for a guard. */
type Verdict =
  | { readonly kind: "answer"; readonly answer: Invocation }
  | { readonly kind: "plain"; readonly box: Box; readonly args: Arguments }
  | { readonly kind: "guard"; readonly box: Box; readonly method: Method; readonly args: Arguments };

class Sequence {
  readonly responses: Invocation[] = [];
  #box: Box | undefined;
  #entries: Entry[] = [];
  #serverIsAway = false;

  constructor(
    private readonly context: CallContext,
    private readonly guards: Guards,
    private readonly accounts: Accounts,
  ) {}

  async take(call: Invocation): Promise<void> {
    const verdict = await this.#judge(call);
    if (verdict.kind === "answer") {
      this.#entries.push(verdict);
      return;
    }
    const [name, , callId] = call;
    if (verdict.kind === "plain") {
      if (this.#box !== undefined && this.#box !== verdict.box) await this.flush();
      this.#box = verdict.box;
      this.#entries.push({ call: [name, verdict.args, callId] });
      return;
    }
    await this.flush();
    const guard = this.guards[verdict.method.guard!];
    const guarded: Invocation = [name, verdict.args, callId];
    this.responses.push(
      ...await this.#attempt(verdict.box, [guarded], () => guard(guarded, verdict.box, this.context)),
    );
  }

  /** Sends the calls that wait, and puts their responses between the answers given on the spot. */
  async flush(): Promise<void> {
    const entries = this.#entries, box = this.#box;
    this.#entries = [];
    this.#box = undefined;
    const calls = entries.flatMap((entry) => "call" in entry ? [entry.call] : []);
    if (box === undefined || calls.length === 0) {
      for (const entry of entries) if ("answer" in entry) this.responses.push(entry.answer);
      return;
    }
    // Clients may use one call id twice; positions tell the calls apart, and references follow.
    const numbered = calls.map((
      [name, args],
      index,
    ): Invocation => [name, renumber(args, calls, index), `${index}`]);
    const answered = await this.#attempt(box, numbered, () => this.context.send(box, numbered));
    let position = 0;
    for (const entry of entries) {
      if ("answer" in entry) {
        this.responses.push(entry.answer);
        continue;
      }
      const callId = entry.call[2];
      for (const [name, args, id] of answered) {
        if (id === `${position}`) this.responses.push([name, args, callId]);
      }
      position++;
    }
  }

  /** A failure before anything was changed ends the request (503 is then honest); afterwards it is these calls' own. */
  async #attempt(
    box: Box,
    calls: readonly Invocation[],
    run: () => Promise<Invocation[]>,
  ): Promise<Invocation[]> {
    const fail = (type: string) => calls.map(([, , id]) => methodError(type, id));
    if (this.#serverIsAway) return fail("serverUnavailable");
    const hadWritten = this.context.hasWritten;
    try {
      return await run();
    } catch (error) {
      if (error instanceof UpstreamRefused) return fail("serverFail");
      if (error instanceof BoxRefused) {
        this.accounts.forget(this.context.personId, box);
        return fail("accountNotFound");
      }
      if (!(error instanceof MailServerUnavailable) || !this.context.hasWritten) throw error;
      this.#serverIsAway = true;
      // These very calls may have been obeyed without an answer (RFC 8620 §3.6.2).
      const mayHaveActed = !hadWritten || calls.some(([name]) => methods.get(name)?.writes === true);
      return fail(mayHaveActed ? "serverPartialFail" : "serverUnavailable");
    }
  }

  async #judge([name, given, callId]: Invocation): Promise<Verdict> {
    const refuse = (type: string, description?: string): Verdict => ({
      kind: "answer",
      answer: methodError(type, callId, description),
    });
    const method = methods.get(name);
    if (method === undefined) return refuse("unknownMethod");
    const mustSee = method.accounts !== 1 || method.guard !== undefined || "#accountId" in given;
    let args = given;
    try {
      if (hasReferences(given)) {
        const waiting = new Set(this.#entries.flatMap((entry) => "call" in entry ? [entry.call[2]] : []));
        if (mustSee && referredCalls(given).some((id) => waiting.has(id))) {
          await this.flush();
          waiting.clear();
        }
        const answers = this.#entries.flatMap((entry) => "answer" in entry ? [entry.answer] : []);
        args = resolveReferences(
          given,
          [...this.responses, ...answers],
          (resultOf) => !waiting.has(resultOf),
        );
      }
    } catch (error) {
      if (error instanceof InvalidResultReference) return refuse("invalidResultReference");
      if (error instanceof TypeError) return refuse("invalidArguments", error.message);
      throw error;
    }
    if (method.accounts === 0) return { kind: "answer", answer: [name, args, callId] };
    if (typeof args.accountId !== "string") return refuse("invalidArguments", "accountId is required.");
    if (method.accounts === 2) {
      if (typeof args.fromAccountId !== "string") {
        return refuse("invalidArguments", "fromAccountId is required.");
      }
      if (!this.context.boxes.byAccount.has(args.fromAccountId)) return refuse("fromAccountNotFound");
    }
    const box = this.context.boxes.byAccount.get(args.accountId);
    if (box === undefined) return refuse("accountNotFound");
    const refusal = refusalOf(method, box);
    if (refusal !== undefined) return refuse(refusal);
    if (needsGuard(method, args)) return { kind: "guard", box, method, args };
    // A reference to a call of the waiting group can only be followed there when the group is this box's.
    if (this.#box !== undefined && this.#box !== box && hasReferences(args)) {
      await this.flush();
      return await this.#judge([name, given, callId]);
    }
    return { kind: "plain", box, args };
  }
}

/** The arguments with references pointed at the first call of that id before this one, by its position. */
function renumber(args: Arguments, calls: readonly Invocation[], index: number): Arguments {
  if (!hasReferences(args)) return args;
  return Object.fromEntries(
    Object.entries(args).map(([key, value]) => {
      if (!key.startsWith("#")) return [key, value];
      const reference = value as { resultOf?: unknown };
      const target = calls.findIndex(([, , id], at) => at < index && id === reference.resultOf);
      return [key, { ...reference, resultOf: `${target}` }];
    }),
  );
}

/** Answers the calls one after the other. Throws when the mail server is away and nothing has been changed. */
export async function answerInOrder(
  calls: readonly Invocation[],
  context: CallContext,
  guards: Guards,
  accounts: Accounts,
): Promise<Invocation[]> {
  const sequence = new Sequence(context, guards, accounts);
  for (const call of calls) await sequence.take(call);
  await sequence.flush();
  return sequence.responses;
}
