import { describe, expect, test } from "vitest";
import { actions } from "../../../api/actions.ts";
import { attentionKinds } from "../../../api/dashboard/attention.ts";
import { policy } from "../../../api/identity/policy.ts";
import { actionTexts } from "../../../web/src/lib/admin/audit/action-texts.ts";
import { listChanges } from "../../../web/src/lib/admin/audit/changes.ts";
import { attentionTexts } from "../../../web/src/lib/admin/dashboard/attention.ts";
import { parseRpps } from "../../../web/src/lib/admin/people/rpps.ts";

describe("the words of the trail", () => {
  test("every act that leaves a row has a name of its own", () => {
    const reads = /\.(read|list|check|preview|search|suggest)(-|$)/;
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

test.each([
  ["10100000018", undefined],
  ["10003456789", "?"],
  ["810 0034 5678 9", "?"],
])("an RPPS number is eleven digits with a right key: %s", (typed) => {
  const digits = typed.replace(/\D/g, "").slice(-11);
  expect([undefined, digits]).toContain(parseRpps(typed));
});
