/**
 * The dashboard: « is something wrong, and what must I do », for the operator over all structures and for the people of one
 * structure over theirs. It owns no table and changes nothing: it asks the others' tables and the services beside us anew at
 * each request, so that it can be polled and never shows what is over.
 *
 * Each thing to look at has a kind, a severity, how many there are, since when, and the first few of them by name. What is in
 * order is not listed. The web says the sentence and the way to the remedy by kind.
 */
export { type Attention, type AttentionKind, attentionKinds } from "./attention.ts";
