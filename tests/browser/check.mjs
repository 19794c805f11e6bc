// Looks at pages as a browser shows them and prints one line of JSON for each fault found.
//   node check.mjs CHROMIUM FOLDER PAGE...
// A fault: a violation of WCAG 2.2 AA that axe-core finds (in the light and in the dark), an error on the console,
// anything asked of the network or missing from disk, a page that scrolls sideways at one of WIDTHS.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
// The last is the narrowest: there the page is judged, where links stand closest.
const WIDTHS = [1600, 1280, 1024, 768, 480, 360, 320];
const LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--allow-file-access-from-files"];
const TABS = 2;

const [executablePath, folder, ...names] = process.argv.slice(2);
const faults = [];
const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
const waiting = [...names];
await Promise.all(Array.from({ length: TABS }, look));
await browser.close();
for (const fault of faults) console.log(JSON.stringify(fault));
console.log(JSON.stringify({ looked: names.length - waiting.length }));

async function look() {
  const context = await browser.newContext({ viewport: { width: WIDTHS[0], height: 800 }, colorScheme: "light" });
  const tab = await context.newPage();
  let name;
  const say = (kind, what) => faults.push({ page: name, kind, what });
  tab.on("console", (message) => message.type() === "error" && say("console", message.text()));
  tab.on("pageerror", (error) => say("console", String(error)));
  tab.on("requestfailed", (request) => say("missing", request.url().slice(-120)));
  tab.on("request", (request) => /^(file|data|about):/.test(request.url()) || say("network", request.url()));
  while ((name = waiting.shift()) !== undefined) {
    await tab.emulateMedia({ colorScheme: "light" });
    await tab.setViewportSize({ width: WIDTHS[0], height: 800 });
    await tab.goto(pathToFileURL(path.resolve(folder, name)).href, { waitUntil: "load" });
    for (const width of WIDTHS) {
      await tab.setViewportSize({ width, height: 800 });
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) say("scroll", `${wide} px wide at ${width} px`);
    }
    await tab.addScriptTag({ path: axe });
    await judge(tab, say, "light", { runOnly: { type: "tag", values: LEVELS } });
    await tab.emulateMedia({ colorScheme: "dark" });
    await judge(tab, say, "dark", { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } });
  }
}

async function judge(tab, say, where, options) {
  const found = await tab.evaluate(async (options) => {
    // What is folded away is read too, once it is opened.
    for (const details of document.querySelectorAll("details")) details.open = true;
    const { violations } = await axe.run(document, { ...options, resultTypes: ["violations"] });
    return violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.map((n) => n.html.slice(0, 160)) }));
  }, options);
  for (const { id, help, nodes } of found) say("axe", `${where}: ${id} (${help}), ${nodes.length} times, first: ${nodes[0]}`);
}
