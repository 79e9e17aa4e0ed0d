/** What is printed once everything runs: where to go, as whom, with which settings, and what the stand-in lacks. */
import { cyrusDifferences, differenceLines } from "../../api/mail-server/differences.ts";
import type { EdgeAddresses } from "./edge.ts";

export interface DemoPerson {
  readonly name: string;
  readonly role: string;
  /** Addresses of the boxes that are the person's. */
  readonly mailboxes: readonly string[];
}

export interface SummaryInput {
  readonly baseUrl: string;
  readonly mailServer: {
    readonly kind: "stalwart" | "cyrus";
    readonly version: string;
    readonly because: string;
  };
  readonly edge: EdgeAddresses;
  /** `false` where Dovecot cannot run (mailserver/edge): then only sending works in mail clients. */
  readonly hasImap: boolean;
  /** The edge's certificate, signed by itself. */
  readonly certificateFile: string;
  readonly people: readonly DemoPerson[];
  /** Path of the file with a box's app password: a secret is shown by its place, not by itself. */
  readonly appPasswordFile: (address: string) => string;
  /** Path of the file with the worker's variables, for commands that are run by hand. */
  readonly environmentFile: string;
  readonly otherOperatorControl: string;
  /** Where tokens of people are given out, for software that is tried out. */
  readonly proSanteConnectControl: string;
  /** Directory of the authority of client certificates. */
  readonly authorityDirectory: string;
  readonly seconds: number;
}

export function summary(input: SummaryInput): string {
  const { baseUrl, mailServer, edge, people } = input;
  const boxes = [...new Set(people.flatMap((person) => person.mailboxes))];
  const at = ({ host, port }: { host: string; port: number }) => `${host}, port ${port}`;
  const lines = [
    "",
    `Ready after ${input.seconds.toFixed(1)} s:  ${baseUrl}`,
    `Mail server: ${mailServerName(mailServer)} (${mailServer.because})`,
    "",
    "People (choose one on the sign-in page of the simulated Pro Santé Connect):",
    ...table(people.map((person) => [person.name, person.role, person.mailboxes.join(", ") || "no box"])),
    "",
    `The operator's staff signs in without Pro Santé Connect at ${baseUrl}/sign-in?staff; its first account is given by`,
    `  .local/bin/deno task staff:create --environment-file ${input.environmentFile} --login c.martin \\`,
    "    --given-name Camille --family-name MARTIN",
    "",
    `Mail clients, by the edge alone (certificate signed by itself: ${input.certificateFile}):`,
    ...table([
      input.hasImap
        ? ["IMAP", at(edge.imap), `STARTTLS; TLS from the first byte: port ${edge.imaps.port}`]
        : ["IMAP", "left out", "Dovecot cannot run on this machine: see above"],
      ["SMTP", at(edge.submission), `STARTTLS; TLS from the first byte: port ${edge.submissions.port}`],
      ...boxes.map((box) => ["Login", box, `password: cat ${input.appPasswordFile(box)}`]),
    ]),
    "",
    "Software by JMAP (docs/integrer-un-logiciel.md):",
    ...table([
      ["Address", `https://${edge.software.host}:${edge.software.port}`],
      ["Authority", `${input.authorityDirectory} (of client certificates)`],
      [
        "Tokens",
        `${input.proSanteConnectControl}/access-tokens (of people at the simulated Pro Santé Connect)`,
      ],
    ]),
    "",
    "Try first:",
    `  1. Open ${baseUrl} and sign in as ${people[0]?.name ?? "one of the people"}.`,
    `  2. Write to ${people[1]?.mailboxes[0] ?? "another box"}, with an attachment.`,
    `  3. In a private window, sign in as ${
      people[1]?.name ?? "the other"
    }: the mail is there, without a reload.`,
    `  4. Write to someone@gmail.test: it is refused, with the reason. To a box of gamma.mssante.test: it leaves to the`,
    `     simulated other operator (${input.otherOperatorControl}).`,
    `  API: ${baseUrl}/api/docs`,
  ];
  if (mailServer.kind === "cyrus") {
    lines.push(
      "",
      "Cyrus stands in for Stalwart:",
      ...differenceLines(cyrusDifferences).map((line) => `  ${line}`),
    );
  }
  return `${lines.join("\n")}\n\nCtrl-C stops everything.\n`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, index) => Math.max(found[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    `  ${
      row.map((cell, index) => index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)).join("  ")
    }`
  );
}

function mailServerName({ kind, version }: SummaryInput["mailServer"]): string {
  const name = kind === "cyrus" ? "Cyrus" : "Stalwart";
  return version.startsWith(name) ? version : `${name} ${version}`;
}
