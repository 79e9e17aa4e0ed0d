/** Prints the register of processing: `deno task register > docs/registre-des-traitements.md`. */
import { printRegister } from "../api/privacy/mod.ts";

console.log(printRegister().trimEnd());
