/** Text of a page whose every value is escaped where it stands. */
export { html } from "hono/html";
