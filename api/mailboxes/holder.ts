/** Who may hold a box of which type (facts of ANS: TRE_R257-TypeBAL). */
export type MailboxType = "PER" | "ORG" | "APP" | "CAB";

export type HolderRule = { readonly ok: true } | {
  readonly ok: false;
  readonly field: string;
  readonly reason: string;
};

/** A PER box has one holder with a national identity; the others have members instead, and a person responsible. */
export function checkHolder(
  box: {
    readonly type: MailboxType;
    readonly holderIdNatPs?: string | undefined;
    readonly responsible: string;
  },
): HolderRule {
  if (box.type === "PER" && box.holderIdNatPs === undefined) {
    return {
      ok: false,
      field: "holderIdNatPs",
      reason: "is needed for a PER box: the idNat_PS of its holder",
    };
  }
  if (box.type !== "PER" && box.holderIdNatPs !== undefined) {
    return {
      ok: false,
      field: "holderIdNatPs",
      reason: `is for PER boxes only: a ${box.type} box has members`,
    };
  }
  return checkResponsible(box);
}

/** Who answers for a box: for a PER box its holder does, so nobody is named beside him. */
export function checkResponsible(
  box: { readonly type: MailboxType; readonly responsible: string },
): HolderRule {
  if (box.type !== "PER" || box.responsible === "") return { ok: true };
  return {
    ok: false,
    field: "responsible",
    reason: "is not filled for a PER box: its holder is responsible",
  };
}
