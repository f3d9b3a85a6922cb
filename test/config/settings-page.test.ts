import { expect, test } from "vitest";
import { settingsPage } from "../../src/config/settings-page.ts";
import { SETTINGS } from "../../src/config/settings.ts";

test("docs/settings.md says what the table of settings says", async () => {
  await expect(settingsPage()).toMatchFileSnapshot("../../docs/settings.md");
});

test("every setting is on the page, once", () => {
  for (const { name } of SETTINGS) expect(settingsPage().split(`| \`${name}\` |`)).toHaveLength(2);
});
