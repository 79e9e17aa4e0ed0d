/** Typed method calls and references between calls of one group. */
import type { Requests } from "jmap-jam";
import type { MethodError } from "./errors.ts";
import type { Method, ResultReference, Results } from "./types.ts";

export interface Call<M extends Method = Method> {
  readonly method: M;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * The names of a method's arguments as jmap-jam has them from RFC 8620 and RFC 8621, each also as a reference (`#ids`): a
 * misspelt one does not compile. Its client itself is not used: it sends a bearer token, where we have a cookie, and no queue.
 */
export type Arguments<M extends Method> = {
  readonly [Name in keyof Requests[M] as Name extends string ? Name | `#${Name}` : never]?: unknown;
};

export function call<M extends Method>(method: M, args: Arguments<M>): Call<M> {
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
