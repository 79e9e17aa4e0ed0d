/** Svelte's runes, for the type check of tests that import `.svelte.ts` modules; the web's own check is svelte-check. */
declare function $state<T>(initial: T): T;
declare function $state<T>(): T | undefined;
declare namespace $state {
  export function raw<T>(initial: T): T;
  export function raw<T>(): T | undefined;
  export function snapshot<T>(state: T): T;
}
