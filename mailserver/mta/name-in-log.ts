/** Prints the name under which an address stands in a log of Exim: `name-in-log.ts <log-key file> <address>`. */
import { nameInLog } from "../../api/mail-server/cyrus/log-name.ts";

const [keyFile = "", address = ""] = Deno.args;
console.log(nameInLog(await Deno.readTextFile(keyFile), address));
