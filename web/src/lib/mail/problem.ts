/** What went wrong, in terms a sentence can be written for. The wording is the interface's business. */
import { MethodError, RequestError, SetFailure, TransportError } from "#lib/jmap/errors.ts";

export type ProblemCode =
  | "offline"
  | "signed-out"
  | "unavailable"
  | "busy"
  /** The platform itself does not know yet whether the message left. */
  | "outcome-unknown"
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
    const isServer = /^server(Fail|Unavailable|PartialFail)$/.test(error.type);
    return new MailProblem(isServer ? "unavailable" : "refused", { cause: error, mayHaveHappened: isServer });
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
  serverFail: "unavailable",
  "urn:mssante:error:submission-outcome-unknown": "outcome-unknown",
};

function setProblem(failure: SetFailure): MailProblem {
  const { error } = failure;
  const code = codes[error.type] ?? "refused";
  const reasons = (error["urn:mssante:reasons"] ?? {}) as Readonly<Record<string, string>>;
  const reason = String(error["urn:mssante:reason"] ?? error.description ?? "");
  const recipients = (error.invalidRecipients ?? []).map((address) => ({
    address,
    reason: reasons[address] ?? reason,
  }));
  const mayHaveHappened = code === "outcome-unknown" || code === "unavailable";
  return new MailProblem(code, { cause: failure, recipients, mayHaveHappened });
}
