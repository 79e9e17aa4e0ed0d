/** What went wrong, in terms a sentence can be written for. The wording is the interface's business. */
import { MethodError, RequestError, SetFailure, TransportError } from "#lib/jmap/errors.ts";

export type ProblemCode =
  | "offline"
  | "signed-out"
  | "unavailable"
  | "busy"
  | "over-quota"
  | "too-large"
  | "not-found"
  | "forbidden"
  | "recipients-refused"
  | "sender-refused"
  | "refused"
  | "unexpected";

export interface RefusedRecipient {
  readonly address: string;
  /** `not-in-trust-space`, `no-such-mailbox`, or the other server's own words. */
  readonly reason: string;
}

/** A failure of the mail layer. `mayHaveHappened`: the server may have done it although the answer is lost. */
export class MailProblem extends Error {
  override readonly name = "MailProblem";
  readonly code: ProblemCode;
  readonly mayHaveHappened: boolean;
  readonly recipients: readonly RefusedRecipient[];

  constructor(
    code: ProblemCode,
    options: { cause?: unknown; mayHaveHappened?: boolean; recipients?: readonly RefusedRecipient[] } = {},
  ) {
    super(code, { cause: options.cause });
    this.code = code;
    this.mayHaveHappened = options.mayHaveHappened ?? false;
    this.recipients = options.recipients ?? [];
  }
}

/** Any error of lib/jmap as a MailProblem. */
export function toProblem(error: unknown): MailProblem {
  if (error instanceof MailProblem) return error;
  if (error instanceof TransportError) {
    const code = error.kind === "server" ? "unexpected" : error.kind;
    return new MailProblem(code, { cause: error, mayHaveHappened: error.isOutcomeUnknown });
  }
  if (error instanceof RequestError) {
    return new MailProblem(error.type.endsWith(":limit") ? "too-large" : "unexpected", { cause: error });
  }
  if (error instanceof MethodError) {
    const unsure = error.type === "serverPartialFail";
    const code = error.type === "serverUnavailable" ? "unavailable" : "refused";
    return new MailProblem(code, { cause: error, mayHaveHappened: unsure });
  }
  if (error instanceof SetFailure) return setProblem(error);
  return new MailProblem("unexpected", { cause: error });
}

const codes: Readonly<Record<string, ProblemCode>> = {
  overQuota: "over-quota",
  tooLarge: "too-large",
  notFound: "not-found",
  blobNotFound: "not-found",
  forbidden: "forbidden",
  forbiddenFrom: "sender-refused",
  forbiddenMailFrom: "sender-refused",
  forbiddenToSend: "refused",
  invalidRecipients: "recipients-refused",
  noRecipients: "recipients-refused",
};

function setProblem(failure: SetFailure): MailProblem {
  const { error } = failure;
  const reason = String(error["urn:mssante:reason"] ?? error.description ?? "");
  const recipients = (error.invalidRecipients ?? []).map((address) => ({ address, reason }));
  return new MailProblem(codes[error.type] ?? "refused", { cause: failure, recipients });
}
