/**
 * A thread of its own for judging passwords: the dictionaries of common passwords, words and names take a second to load, and a
 * password may take long to take apart. Neither may hold up everybody's mail.
 */
import { parentPort } from "node:worker_threads";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import * as common from "@zxcvbn-ts/language-common";
import * as english from "@zxcvbn-ts/language-en";
import * as french from "@zxcvbn-ts/language-fr";

const wanted = [
  "passwords-common",
  "commonWords-fr",
  "firstnames-fr",
  "lastnames-fr",
  "commonWords-en",
  "firstnames-en",
];
const all = { ...common.dictionary, ...english.dictionary, ...french.dictionary };
const judge = new ZxcvbnFactory({
  dictionary: Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))),
  graphs: common.adjacencyGraphs,
});

parentPort?.on("message", ({ id, password, words }: { id: number; password: string; words: string[] }) => {
  parentPort?.postMessage({ id, guessesLog10: judge.check(password, words).guessesLog10 });
});
