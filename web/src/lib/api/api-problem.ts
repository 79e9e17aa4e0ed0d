/** An answer of the API that is not the one hoped for. `offline`: there was none. Sentences by slug: problems.ts. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly slug: string;
  readonly status: number;

  constructor(slug: string, status: number, cause?: unknown) {
    super(slug, { cause });
    this.slug = slug;
    this.status = status;
  }
}

/** Reads a refused response as an ApiProblem. */
export async function toApiProblem(response: Response): Promise<ApiProblem> {
  const body = await response.json().catch(() => ({})) as { type?: unknown };
  if (response.status === 401) return new ApiProblem("sign-in-required", 401);
  if (response.status === 503) return new ApiProblem("mail-server-unavailable", 503);
  return new ApiProblem(slugOf(body.type), response.status);
}

/** The last segment of the problem's `type` (RFC 9457). */
function slugOf(type: unknown): string {
  return typeof type === "string" ? type.slice(type.lastIndexOf("/") + 1) : "internal-error";
}
