/** What Exim says of its queue, as the recovery reads it. */
import { expect, test } from "vitest";
import { parseQueue } from "../../../mailserver/cyrus/recovery.ts";

test("only recipients that are not served yet count, and mails without one do not", () => {
  const text = [
    " 0m   976 1xUdCl-0004ZY-08 <x@gamma.mssante.test>",
    "        D bob@alpha.mssante.test",
    "          anne@alpha.mssante.test",
    "          contact@alpha.mssante.test",
    "",
    "26h  1.2K 1xUdCm-0004ZZ-0A <> *** frozen ***",
    "          carol@alpha.mssante.test",
    "",
    " 3d   34M 1xUdCn-0004ZZ-0B <x@gamma.mssante.test>",
    "        D bob@alpha.mssante.test",
    "",
  ].join("\n");
  expect(parseQueue(text)).toEqual([
    { queueId: "1xUdCl-0004ZY-08", recipients: ["anne@alpha.mssante.test", "contact@alpha.mssante.test"] },
    { queueId: "1xUdCm-0004ZZ-0A", recipients: ["carol@alpha.mssante.test"] },
  ]);
  expect(parseQueue("")).toEqual([]);
});
