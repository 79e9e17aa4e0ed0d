/** Whether an error means that the database was not there, so that the same request may succeed later. */

/** SQLSTATE classes and codes: connection exception, insufficient resources, and the server going or coming up. */
const unavailable = /^(08...|53...|57P0[1-5])$/;
const network = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH"]);
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after)/;

export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (typeof code === "string" && (unavailable.test(code) || network.has(code))) ||
    messages.test(error.message);
}
