import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { authorise, may } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { localPartOf } from "./address.ts";
import { findDomainById, listTakenAddresses } from "./alias-queries.ts";

export interface AddressSuggestion {
  /** The first one that is free, then others. */
  readonly addresses: readonly string[];
  /** Whether somebody of this name has, or had, the plain address. */
  readonly isHomonym: boolean;
}

const wanted = 3;

/**
 * Free addresses for a person in a domain: `prenom.nom`, and for homonyms `prenom.nom2`, `prenom.nom3` and so on. An
 * address that was ever given counts as taken.
 * Throws `domain-not-found`, `forbidden`, `invalid-request` for a name that holds letters of another alphabet.
 */
export async function suggestAddresses(
  ctx: Context,
  { domainId, givenName, familyName }: {
    readonly domainId: string;
    readonly givenName: string;
    readonly familyName: string;
  },
): Promise<AddressSuggestion> {
  const domain = await inSystem(ctx, (tx) => findDomainById(tx, domainId));
  if (domain === undefined || !may(ctx.actor, "structure.read", { structureId: domain.structure_id })) {
    throw problem("domain-not-found");
  }
  authorise(ctx, "mailbox.create", { structureId: domain.structure_id });
  const parts = { givenName: localPartOf(givenName), familyName: localPartOf(familyName) };
  const errors = Object.entries(parts).flatMap(([field, part]) =>
    part.ok ? [] : [{ pointer: `/query/${field}`, detail: part.reason }]
  );
  if (!parts.givenName.ok || !parts.familyName.ok) throw invalidRequest(errors);
  // 64 characters before the @ (RFC 5321 §4.5.3.1.1), with room for a number.
  const base = `${parts.givenName.text}.${parts.familyName.text}`.slice(0, 60).replace(/[.-]+$/, "");
  const free: string[] = [];
  let isHomonym = false;
  for (let first = 1; free.length < wanted; first += 20) {
    const tried = Array.from({ length: 20 }, (_, index) => {
      const number = first + index;
      return `${base}${number === 1 ? "" : number}@${domain.name}`;
    });
    // Whether an address is taken is no secret of its structure: the domain is this structure's own.
    const taken = await inSystem(ctx, (tx) => listTakenAddresses(tx, tried));
    if (first === 1) isHomonym = taken.has(tried[0]!);
    free.push(...tried.filter((address) => !taken.has(address)));
  }
  return { addresses: free.slice(0, wanted), isHomonym };
}
