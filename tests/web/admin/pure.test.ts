import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { actions } from "../../../api/actions.ts";
import { attentionKinds } from "../../../api/dashboard/attention.ts";
import { policy, serviceScopes } from "../../../api/identity/policy.ts";
import { isLuhnValid } from "../../../api/identity/rpps.ts";
import { actionTexts } from "../../../web/src/lib/admin/audit/action-texts.ts";
import { listChanges } from "../../../web/src/lib/admin/audit/changes.ts";
import { attentionTexts } from "../../../web/src/lib/admin/dashboard/attention.ts";
import { listScopes, scopeText } from "../../../web/src/lib/admin/software/scopes.ts";
import { parseIdNatPs, parseRpps } from "../../../web/src/lib/admin/people/rpps.ts";

describe("the words of the trail", () => {
  test("every act that leaves a row has a name of its own", () => {
    const reads = /\.(read|list|check|preview|search|suggest|administer)(-|$)/;
    const nameless = actions.filter((action) => !reads.test(action) && actionTexts[action] === undefined);
    expect(nameless).toEqual([]);
    expect(Object.keys(policy)).toEqual(expect.arrayContaining([...actions]));
  });

  test("only what differs is a change; a creation shows all it set", () => {
    const box = { id: "1", address: "a@b.test", quotaBytes: 1_048_576, displayName: "", version: 1 };
    expect(listChanges(box, { ...box, quotaBytes: 2_097_152, version: 2 })).toEqual([
      { field: "quotaBytes", label: "Quota d'espace", before: "1 Mo", after: "2 Mo" },
    ]);
    expect(listChanges(null, box).map(({ field, before, after }) => [field, before, after])).toEqual([
      ["address", undefined, "a@b.test"],
      ["quotaBytes", undefined, "1 Mo"],
      ["displayName", undefined, "(vide)"],
    ]);
    expect(listChanges(box, box)).toEqual([]);
  });
});

test("every kind of attention has its sentence", () => {
  expect(Object.keys(attentionTexts).sort()).toEqual([...attentionKinds].sort());
  expect(attentionTexts["mailbox-without-member"].title({ count: 1 })).toBe(
    "1 boîte partagée que personne ne lit",
  );
});

test("an RPPS number is eleven digits with a right key, with or without the 8 of idNat_PS", () => {
  const valid = "10003456786";
  for (const typed of [valid, `8${valid}`, "1 000 345 6786", " 8 1000 3456 786 "]) {
    expect(parseRpps(typed)).toBe(isLuhnValid(valid) ? valid : undefined);
  }
  for (const typed of ["", "10003456787", "1000345678", "1000345678a", "100034567867"]) {
    expect(parseRpps(typed)).toBeUndefined();
  }
  fc.assert(fc.property(fc.stringMatching(/^\d{11}$/), (digits) => {
    expect(parseRpps(digits) !== undefined).toBe(isLuhnValid(digits));
  }));
});

test("who has no RPPS is named by the identifier of Pro Santé Connect, and a slip in an RPPS is not taken for one", () => {
  expect(parseIdNatPs("ANS20261121000003")).toBe("ANS20261121000003");
  expect(parseIdNatPs("99900000045")).toBe("899900000045");
  for (const typed of ["10003456787", "1000345678O", "81000345678l", "1234", "Jean Martin", ""]) {
    expect(parseIdNatPs(typed), typed).toBeUndefined();
  }
});

test("every right of a software account can be ticked, by a name", () => {
  const offered = [...listScopes("read"), ...listScopes("write")];
  expect([...offered].sort()).toEqual([...serviceScopes].sort());
  for (const scope of offered) expect(scopeText(scope)).not.toContain(scope);
});
