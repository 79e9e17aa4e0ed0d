/** What is left of Exim's log lines: each line here was seen, or is what somebody would make Exim write. */
import { expect, test } from "vitest";
import { keptLine } from "../../../mailserver/mta/log-lines.ts";

const at = "2026-11-21 13:46:21.518";
const id = "1xUlQ4-00068J-1q";
const kept = (text: string) => keptLine(`${at} ${text}`, (address) => `~${address.length}`);
const proof = "app-password:11111111-1111-4111-8111-111111111111@22222222-2222-4222-8222-222222222222";
const route = "R=sent_by_a_box T=stalwart";
const next = "H=127.0.0.1 [127.0.0.1]";

test.each([
  [
    "a submission",
    `${id} SUBMIT box=anne@a.test person=${proof} mech=plain id=<m@host>`,
    `${id} SUBMIT box=~11 person=${proof} mech=plain id=<m@host>`,
  ],
  [
    "a submission of a person, whose session nobody needs",
    `${id} SUBMIT box=anne@a.test person=${
      proof.replace("@", ".1763728000.1763742400.a-B_c@")
    } mech=xoauth2 id=<m@host>`,
    `${id} SUBMIT box=~11 person=${proof} mech=xoauth2 id=<m@host>`,
  ],
  [
    "a reception",
    `${id} <= anne@a.test H=(client.test) [127.0.0.1]:5 P=esmtpsa X=TLS1.3:AES:256 CV=no A=plain:anne@a.test S=284 id=m@host from <anne@a.test>`,
    `${id} <= from=~11 H=[127.0.0.1]:5 S=284 P=esmtpsa X=TLS1.3:AES:256 CV=no A=plain id=m@host`,
  ],
  [
    "a notice of ours",
    `${id} <= <> R=${id} U=nobody P=local S=2050 from <>`,
    `${id} <= from=<> R=${id} S=2050 P=local`,
  ],
  [
    "a delivery, with the id that the next hop gave",
    `${id} => 2690@p.test F=<anne@a.test> ${route} S=296 ${next} A=store C="250 2.0.0 Message queued with id 31b0d2c7a5d7d001" DT=0.104s`,
    `${id} => to=~11 from=~11 ${next} ${route} S=296 A=store said=250 2.0.0 next=31b0d2c7a5d7d001 DT=0.104s`,
  ],
  [
    "a delivery to an Exim, of an alias",
    `${id} -> box@p.test <alias1@p.test> F=<> ${route} ${next} C="250 OK id=${id}" QT=1s DT=0.1s`,
    `${id} -> to=~13 from=<> ${next} ${route} said=250 next=${id} QT=1s DT=0.1s`,
  ],
  [
    "what is put off",
    `${id} == 2690@p.test ${route} defer (-44) ${next} DT=0.1s: SMTP error from remote mail server after RCPT TO:<2690@p.test>: 451 4.7.1 come later, Jean`,
    `${id} == to=~11 ${next} ${route} defer (-44) DT=0.1s SMTP error from remote mail server after RCPT said=451 4.7.1`,
  ],
  [
    "a failure in the words of the next hop",
    `${id} ** 2690@p.test F=<anne@a.test> ${route} ${next}: SMTP error from remote mail server after end of data: 552-5.2.2 jean dupont\\n552 is full DT=0.1s`,
    `${id} ** to=~11 from=~11 ${next} ${route} SMTP error from remote mail server after end of data said=552 5.2.2`,
  ],
  ["the end", `${id} Completed QT=0.951s`, `${id} Completed QT=0.951s`],
  ["a freeze", `${id} Frozen (delivery error message)`, `${id} Frozen (delivery error message)`],
  [
    "a wrong sign-in",
    "plain authenticator failed for (iMac-de-Jean.local) [127.0.0.1]:5: 535 Incorrect authentication data (set_id=2690@p.test)",
    "plain authenticator failed for [127.0.0.1]:5 said=535",
  ],
  [
    "a rejection",
    `H=(x) [127.0.0.1]:5 CV=no F=<anne@a.test> A=plain:anne@a.test rejected RCPT <2690@p.test>: 127.0.0.1 [127.0.0.1] : SMTP error from remote mail server after RCPT TO:<2690@p.test>: 550 5.1.1 no 2690@p.test`,
    `H=[127.0.0.1]:5 CV=no A=plain from=~11 rejected RCPT to=~11 127.0.0.1 [127.0.0.1] : SMTP error from remote mail server after RCPT said=550 5.1.1`,
  ],
  [
    "a limit",
    `H=[127.0.0.1]:5 F=<anne@a.test> temporarily rejected RCPT <2690@p.test>: refused rate person=${proof}`,
    `H=[127.0.0.1]:5 from=~11 temporarily rejected RCPT to=~11 refused rate person=${proof}`,
  ],
  [
    "the API away",
    `API-AWAY at=auth mech=PLAIN status="HTTP/1.1 503 No"`,
    "API-AWAY said=503 at=auth mech=PLAIN",
  ],
  [
    "a broken connection",
    "TLS error on connection from (iMac-de-Jean.local) [127.0.0.1]:5 (recv): The TLS connection was non-properly terminated.",
    "TLS error on connection from [127.0.0.1]:5 (recv): The TLS connection was non-properly terminated.",
  ],
])("%s", (_, text, expected) => {
  expect(kept(text)).toBe(`${at} ${expected}`);
});

test.each([
  `${id} => "jean dupont R=jean"@p.test F=<"anne R=x"@a.test> ${route} ${next} C="250 jean dupont"`,
  `${id} == jean dupont ${route} defer (-1): no such user "jean"`,
  `${id} ** jean@p.test: jean@p.test is unknown`,
  `${id} <= jean.dupont@p.test H=jean.test (jean dupont) [::1]:5 T="Compte rendu de Jean" for jean@p.test`,
  `H=(jean dupont) [127.0.0.1] rejected after DATA: "@" expected: failing address in "From:" header is: Jean <jean dupont@x>`,
  `SMTP call from (jean) [127.0.0.1]:5 dropped: too many nonmail commands (last was "VRFY jean")`,
  `H=[127.0.0.1] rejected VRFY jean@p.test`,
  `rejected MAIL <"jean dupont"@p.test>: refused sender`,
  `${id} cancelled by jean@p.test`,
  `${id} H=x [127.0.0.1]: SMTP error from remote mail server after end of data: 452 4.2.2 box of jean is full`,
  `${id} Unfrozen: jean@p.test: all relevant MX records point to non-existent hosts: jean@p.test`,
  `failed to expand "\${lookup{jean@p.test}}": jean`,
])("names nobody: %s", (text) => {
  expect(kept(text)).not.toMatch(/jean|dupont|anne/i);
});

test("what is no line of a log is not kept: headers, pieces", () => {
  expect(keptLine("  From: Jean Dupont <jean@p.test>", () => "~")).toBeUndefined();
  expect(keptLine("", () => "~")).toBeUndefined();
});
