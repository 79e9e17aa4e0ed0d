/** The operations as the OpenAPI document declares them. */
import { printedDocument } from "../../../scripts/openapi.ts";
import type { Slug } from "../../../api/problems.ts";
import { baseUrl } from "../../support/harness.ts";

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With `{names}` of its parameters. */
  readonly path: string;
  /** Names of what stands in the path. */
  readonly parameters: readonly string[];
  /** What stands in the path, the query and the headers. */
  readonly inputs: readonly Input[];
  readonly hasBody: boolean;
  readonly isPublic: boolean;
  /** The action of the policy table that it asks for, or "everybody" (api/http/openapi.ts, `requires`). */
  readonly requires: string | undefined;
  readonly statuses: ReadonlySet<number>;
  readonly contentTypes: ReadonlyMap<number, readonly string[]>;
  /** The problems it may answer, as the descriptions of its answers name them (`problemResponses`). */
  readonly problems: readonly Slug[];
}

export interface Input {
  readonly in: "path" | "query" | "header";
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Record<string, unknown>;
}

interface DocumentedOperation {
  readonly operationId?: string;
  readonly "x-mss-action"?: string;
  readonly parameters?: readonly Input[];
  readonly requestBody?: unknown;
  readonly security?: readonly unknown[];
  readonly responses: Record<string, Answer>;
}

interface Answer {
  readonly description: string;
  readonly content?: Record<string, unknown>;
}

export function listOperations(): Operation[] {
  const document = printedDocument(baseUrl) as unknown as {
    paths: Record<string, Record<string, DocumentedOperation>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) => {
      const answers = Object.entries(documented.responses);
      return {
        id: documented.operationId ?? `${method} ${path} has no operationId`,
        method: method.toUpperCase(),
        path,
        parameters: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""),
        inputs: documented.parameters ?? [],
        hasBody: documented.requestBody !== undefined,
        isPublic: documented.security?.length === 0,
        requires: documented["x-mss-action"],
        statuses: new Set(answers.map(([status]) => Number(status))),
        contentTypes: new Map(
          answers.map(([status, { content }]) => [Number(status), Object.keys(content ?? {})]),
        ),
        problems: answers.flatMap(([, { description, content }]) =>
          content !== undefined && "application/problem+json" in content
            ? [...description.matchAll(/`([a-z-]+)`:/g)].map((match) => match[1] as Slug)
            : []
        ),
      };
    })
  );
}
