/**
 * What of a log line of Exim may be kept. Who writes to whom is health data, and Exim names both in each line of a delivery,
 * a refusal or a sign-in: no setting takes them out. So the line is not cleaned but built anew, of parts that are known to
 * name nobody; free text ends where somebody's words could begin.
 *
 * Kept: time, the mail's id at Exim, Message-ID, what happened, hosts, sizes, durations, reply codes, and the id that the next
 * hop gave. An address becomes a name under the key of this installation (`nameInLog`).
 */

export type NameOf = (address: string) => string;

const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?`;
const queueId = String.raw`[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}`;
const head = new RegExp(`^(${time}) (?:\\[\\d+\\] )?(?:(${queueId}) )?(.*)$`);
/** An address as Exim writes it: a local part in quotes may hold anything. */
const address = String.raw`(?:"(?:[^"\\]|\\.)*"@?[^\s<>"]*|[^\s<>"]+|<>)`;
const reception = new RegExp(`^(<=) (${address})(?: |$)`);
const delivery = new RegExp(`^(=>|->|>>|\\*>|==|\\*\\*) (${address})(?: <(${address})>)?(?: |$)`);
const rejection = new RegExp(
  `\\b((?:temporarily )?rejected) ([A-Z]+|after DATA|connection)(?: <?(${address})>?)?(?:: (.*))?$`,
);
const sender = new RegExp(` F=<(${address})?>`);
/** Parts of a line that name nobody, wherever they stand before free text. */
const parts = [
  /\bR=[\w-]+/, // The router, or the mail that a bounce answers.
  /\bT=\w+/,
  /\bS=\d+/,
  /\bP=[a-z]+/,
  /\bX=[\w.:-]+/,
  /\bCV=\w+/,
  /\bA=\w+/,
  /\bI=\[[\da-fA-F.:]+\](?::\d+)?/,
  /\bdefer \(-?\d+\)/,
  /\bQT=[\dhmsd.]+/,
  /\bRT=[\dhmsd.]+/,
  /\bDT=[\dhmsd.]+/,
];
/** A proof's reference (that of a person names his session, which is left out) and what the ACLs themselves write. */
const own = /\b(?:person=[a-z-]+:[\da-f-]{36}(?:\.[\w.-]+)?@[\da-f-]{36}|at=\w+|mech=\w+)/g;

/** The line as it may be kept; undefined when it is none (the second line of a header, a stray piece). */
export function keptLine(line: string, nameOf: NameOf): string | undefined {
  const [, at, id, text] = head.exec(line) ?? [];
  if (at === undefined || text === undefined) return undefined;
  return [at, id, ...kept(text, nameOf)].filter((part) => part !== undefined && part !== "").join(" ");
}

function kept(text: string, nameOf: NameOf): (string | undefined)[] {
  const known = (found: string | undefined) =>
    found === undefined || found === "" || found === "<>" ? "<>" : nameOf(found);
  const [, submit, box, rest = ""] = /^(SUBMIT) box=(\S+)(.*)$/.exec(text) ?? [];
  if (submit !== undefined) return [submit, `box=${known(box)}`, ...ownParts(rest), messageIdOf(rest)];
  const received = reception.exec(text);
  if (received !== null) {
    const after = text.slice(received[0].length - 1);
    return [
      `<= from=${known(received[2])}`,
      clientOf(after),
      ...knownParts(after.replace(/ id=.*/, "")),
      messageIdOf(after),
    ];
  }
  const delivered = delivery.exec(text);
  if (delivered !== null) {
    const [whole, flag, to, original] = delivered;
    const after = text.slice(whole.length - 1);
    const [facts, words] = partOff(after);
    const from = sender.exec(facts);
    return [
      `${flag} to=${known(original ?? to)}`,
      from === null ? undefined : `from=${known(from[1])}`,
      hostOf(facts),
      ...knownParts(facts),
      ...saidBy(words),
      ...knownParts(words.replace(/^.*(?=" (?:QT|DT)=)/, "").replace(/^[^"].*/, "")),
    ];
  }
  const rejected = rejection.exec(text);
  if (rejected !== null) {
    const before = text.slice(0, rejected.index);
    const [, verb, stage, to, why = ""] = rejected;
    const from = sender.exec(` ${before}`);
    return [
      clientOf(` ${before}`),
      ...knownParts(before),
      from === null ? undefined : `from=${known(from[1])}`,
      `${verb} ${stage}`,
      to === undefined ? undefined : `to=${known(to)}`,
      wordsOf(why),
      codeOf(why),
      ...ownParts(why),
    ];
  }
  return [wordsOf(text), codeOf(text), ...ownParts(text)];
}

/** The facts of a delivery, and what somebody said of it: a reply (`C="..."`) or an error after a colon. */
function partOff(text: string): [facts: string, words: string] {
  const at = text.search(/ C="|: /);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at).replace(/^ C=|^: /, "")];
}

function saidBy(words: string): (string | undefined)[] {
  if (words === "") return [];
  const next = /\b(?:queued (?:as|with id) |id=)([0-9A-Za-z-]{6,32})\b/.exec(words)?.[1];
  const reply = words.startsWith('"') ? undefined : wordsOf(words);
  return [reply, codeOf(words), next === undefined ? undefined : `next=${next}`];
}

function knownParts(text: string): string[] {
  return parts.flatMap((part) => part.exec(text)?.[0] ?? []);
}

function ownParts(text: string): string[] {
  return (text.match(own) ?? []).map((part) => part.replace(/\.[^@]*@/, "@"));
}

/** The next hop: name, address, port. */
function hostOf(text: string): string | undefined {
  return / H=[A-Za-z0-9.-]+ \[[\da-fA-F.:]+\](?::\d+)?/.exec(text)?.[0].trim();
}

/** Whoever came in: address and port. What he calls himself may be a person's machine. */
function clientOf(text: string): string | undefined {
  const address = / H=[^[]*(\[[\da-fA-F.:]+\](?::\d+)?)/.exec(text)?.[1];
  return address === undefined ? undefined : `H=${address}`;
}

function messageIdOf(text: string): string | undefined {
  return / id=([^\s]{1,998})/.exec(text)?.[0].trim();
}

/** Words of Exim up to where an address, something quoted or somebody else's reply begins. */
function wordsOf(text: string): string {
  return text.replace(/\((?=[^)]*\) \[)[^)]*\) /g, "")
    .replace(/(?:[<"'`]|(?:^|: )[2-5]\d\d[ -]|\S*@|\b(?:person|at|mech|set_id|F|from|for|to|U)=).*$/s, "")
    .replace(/[\s(:=,]+$/, "").trim();
}

/** The last reply code, with its enhanced one. */
function codeOf(text: string): string | undefined {
  const [, code, enhanced] =
    /(?:^|: |"|HTTP\/1\.\d )([2-5]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?/.exec(text) ?? [];
  return code === undefined ? undefined : `said=${code}${enhanced === undefined ? "" : ` ${enhanced}`}`;
}
