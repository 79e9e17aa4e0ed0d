/** Typed method calls and references between calls of one group. */
import type { MethodError } from "./errors.ts";
import type { Method, ResultReference, Results } from "./types.ts";

export interface Call<M extends Method = Method> {
  readonly method: M;
  readonly args: Readonly<Record<string, unknown>>;
}

export function call<M extends Method>(method: M, args: Readonly<Record<string, unknown>>): Call<M> {
  return { method, args };
}

/** A reference to the result of an earlier call of the same group (RFC 8620 §3.7), as the value of a `#…` argument. */
export function resultOf(index: number, name: Method, path: string): ResultReference {
  return { resultOf: index, name, path };
}

/** The answers of a group, in its order: a failed call leaves a MethodError in its place. */
export type Answers<C extends readonly Call[]> = {
  -readonly [I in keyof C]: C[I] extends Call<infer M> ? Results[M] | MethodError : never;
};
