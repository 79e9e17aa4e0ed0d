/** The content of a white list, read from signed bytes only: domain → set of normalised DNs. Pure. */

import type { Element } from "@xmldom/xmldom";
import { normaliseDomain } from "./address.ts";
import { normaliseDn } from "./dn.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { childElements, isElement, parseStrictly, plainMarkup } from "./xml.ts";

const namespace = "https://listeblanche.mssante.fr/schema";
const fields = [
  "Nom",
  "Description",
  "DNCertificatOperateur",
  "ResponsableContact",
  "SupportContact",
  "DateMAJ",
];
/** ISO 8601 in UTC, to the second: the one form that the ANS writes. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

export interface WhiteList {
  /** DateDeGeneration: what orders two lists. */
  readonly generatedAt: Date;
  /** Comparable DNs of the certificates that may speak for each domain. Several operators may serve one domain. */
  readonly domains: ReadonlyMap<string, ReadonlySet<string>>;
  /** `Domaine` elements, duplicates included. */
  readonly entryCount: number;
  /** Entries left out because their domain or DN cannot be read. The others stand: one typing error does not cut off a region. */
  readonly unreadable: readonly {
    readonly position: number;
    readonly field: "Nom" | "DNCertificatOperateur";
  }[];
}

/**
 * Reads a list.
 *
 * @param signedXml the canonical text that `verifySignature` returned, never the document that came in
 */
export function parseWhiteList(signedXml: string): { readonly ok: true; readonly list: WhiteList } | Refusal {
  const plain = plainMarkup(signedXml);
  if (!plain.ok) return plain;
  const root = parseStrictly(plain.text)?.documentElement ?? undefined;
  if (root === undefined) return refuse("list-unreadable");
  if (!isElement(root, namespace, "ListeBlancheMSSante")) return refuse("list-malformed", "root");
  const [date, domains] = exactly(root, ["DateDeGeneration", "ListeDomaines"]) ?? [];
  if (date === undefined || domains === undefined) return refuse("list-malformed", "children of the root");
  const generatedAt = parseInstant(date.textContent ?? "");
  if (generatedAt === undefined) return refuse("list-malformed", "DateDeGeneration");
  return readDomains(domains, generatedAt);
}

function readDomains(parent: Element, generatedAt: Date): { ok: true; list: WhiteList } | Refusal {
  const domains = new Map<string, Set<string>>();
  const unreadable: { position: number; field: "Nom" | "DNCertificatOperateur" }[] = [];
  const entries = childElements(parent);
  for (const [index, entry] of entries.entries()) {
    const position = index + 1;
    if (!isElement(entry, namespace, "Domaine")) return refuse("list-malformed", `element ${position}`);
    const [name, , dn] = exactly(entry, fields) ?? [];
    if (name === undefined || dn === undefined) {
      return refuse("list-malformed", `fields of Domaine ${position}`);
    }
    const domain = normaliseDomain((name.textContent ?? "").trim());
    const comparable = normaliseDn(dn.textContent ?? "");
    if (domain === undefined) unreadable.push({ position, field: "Nom" });
    else if (comparable === undefined) unreadable.push({ position, field: "DNCertificatOperateur" });
    else {
      const known = domains.get(domain) ?? new Set<string>();
      domains.set(domain, known.add(comparable));
    }
  }
  if (domains.size === 0) return refuse("list-empty");
  return { ok: true, list: { generatedAt, domains, entryCount: entries.length, unreadable } };
}

/** The children of `parent` when they are exactly the list's elements named, in that order, holding text only below. */
function exactly(parent: Element, names: readonly string[]): Element[] | undefined {
  const children = childElements(parent);
  const isExact = children.length === names.length &&
    children.every((child, index) => isElement(child, namespace, names[index] ?? "")) &&
    children.every((child) => child.localName === "ListeDomaines" || childElements(child).length === 0);
  return isExact ? children : undefined;
}

function parseInstant(text: string): Date | undefined {
  const trimmed = text.trim();
  const date = new Date(trimmed);
  const isReal = instant.test(trimmed) && !Number.isNaN(date.getTime()) &&
    date.toISOString().slice(0, 19) === trimmed.slice(0, 19); // no 31 February
  return isReal ? date : undefined;
}
