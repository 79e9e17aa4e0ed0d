/** One problem of the catalogue (api/problems.ts). */
export interface ProblemSpec {
  readonly status:
    | 400
    | 401
    | 403
    | 404
    | 405
    | 406
    | 409
    | 410
    | 412
    | 413
    | 415
    | 422
    | 428
    | 429
    | 500
    | 502
    | 503;
  readonly title: string;
  /** What it means and what to do, for the page at /problems/<slug>. */
  readonly about: string;
  /** Members that the answer carries beside the standard ones, and no other. */
  readonly shows?: readonly string[];
}
