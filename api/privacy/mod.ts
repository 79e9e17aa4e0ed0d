/**
 * What the RGPD asks of an operator (Regulation (EU) 2016/679), as far as software can do it:
 *
 * - the charter (CGU) in published versions, and the proof of who accepted which (`charters`, `charter_acceptances`);
 * - consents, for what is not needed to give the service (art. 7: as easy to withdraw as to give);
 * - access and portability (art. 15, 20): one archive of everything about a person, the mail of his personal boxes included,
 *   and of a box, for who closes it. `queued` → `running` → `ready` → `expired`, or `failed`; whoever asked fetches it;
 * - erasure (art. 17) as a dated plan: each category of the data map is erased at a date or kept on a named ground.
 *   `planned` → `running` → `done`, or `cancelled` as long as nothing was erased;
 * - the register of processing (art. 30), printed from the same data map (`data-map.ts`), which names every column.
 */
export { type Category, dataMap, notPersonal } from "./data-map.ts";
export { expireExports, makeExport } from "./make-export.ts";
export { printRegister } from "./register.ts";
export { runErasures } from "./run-erasures.ts";
