import { chromium } from "playwright-core";
import { startDevServer } from "./dev-server.ts";
const out = "/tmp/shots";
const count = Number(Deno.args[0] ?? 60);
const server = startDevServer(18601, count);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.on("console", (m) => {
  if (m.type() === "error" || m.type() === "warning") console.log("console:", m.text().slice(0, 300));
});
page.on("pageerror", (e) => console.log("pageerror:", e.message, e.stack?.slice(0, 600)));
await page.goto(server.url + "/");
await page.waitForSelector("[role=option] .who", { timeout: 8000 }).catch((e) =>
  console.log(String(e).slice(0, 200))
);
await page.waitForTimeout(500);
await page.screenshot({ path: `${out}/list.png` });
console.log(server.log.join("\n"));
console.log(server.jmap.served.map((s) => s.path + " " + s.methods.join(",")).join("\n"));
server.log.length = 0;
await page.locator("[role=option]").nth(3).click().catch((e) => console.log(String(e).slice(0, 200)));
await page.waitForTimeout(900);
await page.screenshot({ path: `${out}/read-html.png` });
await page.locator("[role=option]").nth(0).click().catch(() => {});
await page.waitForTimeout(600);
await page.screenshot({ path: `${out}/read-text.png` });
console.log(page.url());
await page.keyboard.press("r");
await page.waitForTimeout(900);
await page.screenshot({ path: `${out}/reply.png` });
await browser.close();
await server.stop();
