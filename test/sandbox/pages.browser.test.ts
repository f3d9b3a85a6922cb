/** The sandbox GitLab's pages in a real browser: what people see of claimbot's notes runs nothing, loads nothing, and fits. */
import { readFileSync } from "node:fs";
import chromiumPack from "@sparticuz/chromium";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { SandboxGitlab } from "../../src/sandbox/gitlab/start-gitlab.ts";
import { gitlabForTests } from "./gitlab/support.ts";

const PATH = "environments/stage/shop.yaml";
const NOTES = ["one-new", "two-hundred", "hostile", "six-mistakes", "report-live", "report-held", "report-hostile"];

/** Undefined where no browser can be started, and why. */
let browser: Browser | undefined;
let reason = "";
let gitlab: SandboxGitlab;
let iid: number;

beforeAll(async () => {
  try {
    // Without chromium.args: --single-process ends the browser with its first page.
    browser = await chromium.launch({ executablePath: await chromiumPack.executablePath(), headless: true });
  } catch (error) {
    reason = `no browser can be started here: ${String(error).split("\n")[0]}`;
  }
  gitlab = await gitlabForTests();
  await gitlab.push({ branch: "x", as: "dev", files: { [PATH]: "host: shop.exmaple.org\n" } });
  iid = await gitlab.openMergeRequest({ as: "dev", source: "x", title: "<img src=x onerror=alert(1)>" });
  for (const name of NOTES) {
    await gitlab.comment(iid, readFileSync(`test/golden/notes/${name}.md`, "utf8"), { as: "bot" });
  }
  const suggestion = "Did you mean this?\n\n```suggestion:-0+0\nhost: shop.example.org\n```";
  await gitlab.comment(iid, suggestion, { as: "bot", on: { path: PATH, line: 1 } });
});
beforeEach((context) => context.skip(browser === undefined, reason));
afterAll(async () => {
  await browser?.close();
  await gitlab[Symbol.asyncDispose]();
});

interface Look extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: errors, refusals by the page's policy, dialogs, and addresses of others that it was led to. */
  readonly complaints: readonly string[];
}

async function look(path: string, width = 1280): Promise<Look> {
  const page = await browser!.newPage({ viewport: { width, height: 900 } });
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(gitlab.url)) complaints.push(`led to ${request.url()}`);
  });
  const answer = await page.goto(gitlab.url + path);
  if (answer?.status() !== 200) complaints.push(`answered ${answer?.status()}`);
  return { page, complaints, [Symbol.asyncDispose]: async () => page.close() };
}

const mergeRequestPath = (): string => `/platform/static-environments/-/merge_requests/${iid}`;

test.each([1280, 420])(
  "a merge request with every kind of note is %i wide, unfolded too, and nothing of it runs",
  async (width) => {
    await using seen = await look(mergeRequestPath(), width);
    const { page, complaints } = seen;
    expect(await page.locator("h1").textContent()).toBe("<img src=x onerror=alert(1)>");
    expect(await page.locator(".card.bot").count()).toBe(NOTES.length + 1);
    const first = page.locator(".card.bot details").first();
    await first.locator("> summary").click();
    expect(await first.getAttribute("open")).not.toBeNull();
    await page.evaluate(`for (const fold of document.querySelectorAll("details")) fold.open = true`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    // What escaped its code span or its row shows as an element that no note makes.
    expect(await page.locator(".card.bot .body :is(img, script, iframe, form:not([action$=apply]), input, style)").count()).toBe(
      0,
    );
    expect(complaints).toEqual([]);
  },
);

test("the page's policy stands: a script that got into it would not run", async () => {
  await using seen = await look(mergeRequestPath());
  const { page, complaints } = seen;
  await page.evaluate(`document.body.insertAdjacentHTML("beforeend", '<b onclick="document.title = 1">x</b>')`);
  await page.locator("body > b").click();
  expect(await page.title()).toContain("Sandbox GitLab");
  expect(complaints).toEqual([expect.stringContaining("Content Security Policy")]);
});

test.each(["/", "/platform/static-environments/-/merge_requests", "/platform/static-environments/-/environments"])(
  "%s is shown without a complaint, narrow too",
  async (path) => {
    await using seen = await look(path, 420);
    expect(await seen.page.evaluate("document.documentElement.scrollWidth")).toBe(420);
    expect(seen.complaints).toEqual([]);
  },
);

test("one click applies a suggestion", async () => {
  await using seen = await look(mergeRequestPath());
  const { page, complaints } = seen;
  const thread = page.locator(".card.bot", { hasText: "Suggested change" });
  await thread.locator("select").selectOption("dev");
  await thread.getByRole("button", { name: "Apply suggestion" }).click();
  await page.waitForURL(/merge_requests\/\d+/);
  expect(await gitlab.file(PATH, "x")).toBe("host: shop.example.org\n");
  await page.reload();
  expect(await thread.getByRole("button", { name: "Apply suggestion" }).count()).toBe(0);
  expect(complaints).toEqual([]);
});
