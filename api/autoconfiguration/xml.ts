/** Text of XML in which no value can end its element: every value is escaped, what XML cannot hold is left out. Pure. */

/** XML that is already written. */
export class Xml {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Value = string | number | Xml | readonly Xml[];

const named: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
/** Outside `Char` of XML 1.0: control characters, halves of pairs, U+FFFE and U+FFFF. */
// deno-lint-ignore no-control-regex -- to take them out
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu;

/** A template: what is not `Xml` is text. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Xml {
  return new Xml(String.raw({ raw: parts }, ...values.map(written)));
}

function written(value: Value): string {
  if (value instanceof Xml) return value.text;
  if (Array.isArray(value)) return value.map((one) => one.text).join("");
  return String(value).replace(unwritable, "").replace(/[&<>"']/g, (character) => named[character] ?? "");
}
