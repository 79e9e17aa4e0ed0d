/** Reading XML that comes from outside: strict, without DTD, without anything that a canonical form would drop. */

import { type Document, DOMParser, type Element, onErrorStopParsing } from "@xmldom/xmldom";
import { type Refusal, refuse } from "./refusal.ts";

const declaration = /^<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?(?: standalone="(?:yes|no)")?\?>/;
/** The five entities of XML itself and character references; any other would need a DTD. */
const reference = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/;

/**
 * Text without its XML declaration, when it holds elements, attributes and character data only.
 *
 * DOCTYPE, entities and processing instructions are refused since they change what a reader sees; comments and CDATA
 * since a canonical form drops or rewrites them, so that two readers could disagree on what was signed.
 */
export function plainMarkup(text: string): { readonly ok: true; readonly text: string } | Refusal {
  const body = text.replace(/^\uFEFF/, "").replace(declaration, "");
  if (/<[!?]/.test(body)) return refuse("forbidden-markup");
  if (reference.test(body)) return refuse("forbidden-markup", "an entity that XML does not define");
  return { ok: true, text: body };
}

/** Parses plain markup; undefined when it is not well-formed (the parser stops at its first complaint). */
export function parseStrictly(text: string): Document | undefined {
  try {
    return new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, "text/xml");
  } catch {
    return undefined; // The parser's own words may quote the document; the caller has a reason of its own.
  }
}

/** Child elements in order. Walks siblings: `childNodes[i]` costs a search each time. */
export function childElements(parent: Element): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === 1) found.push(node as Element);
  }
  return found;
}

/** True when the element is `localName` of `namespace`, written without a prefix. */
export function isElement(element: Element, namespace: string, localName: string): boolean {
  return element.namespaceURI === namespace && element.localName === localName && element.prefix === null;
}
