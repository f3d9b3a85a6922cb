import { describe, expect, test } from "vitest";
import { withoutTokenShapes } from "../../src/core/token-shapes.ts";

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";

describe("what looks like a token is blanked", () => {
  test.each([
    ["GitLab's", `glpat-${letters}`],
    ["GitLab's, with its routing", `glpat-${letters}.01.abc`],
    ["a runner's", `glrt-${letters}`],
    ["a deploy token", `gldt-${letters}`],
    ["GitHub's", `ghp_${letters}`],
    ["GitHub's fine-grained", `github_pat_11ABCDEFG0${letters}_${letters}`],
    ["AWS's key", "AKIAIOSFODNN7EXAMPLE"],
    ["a hook's signing secret", `whsec_${letters}`],
    ["a JSON web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef"],
    ["Slack's", `xoxb-1234567890-${letters}`],
    ["Vault's", `hvs.${letters}`],
  ])("%s", (_, token) => {
    expect(withoutTokenShapes(`/claim apply ${token} please`)).toBe("/claim apply [secret] please");
    expect(withoutTokenShapes(`MY_TOKEN_${token}`)).toBe("MY_TOKEN_[secret]");
  });

  test("a password in an address, and a private key to its end", () => {
    expect(withoutTokenShapes("from https://oauth2:s3cr3t@gitlab.example.org/x")).toBe(
      "from https://oauth2:[secret]@gitlab.example.org/x",
    );
    expect(withoutTokenShapes("-----BEGIN RSA PRIVATE KEY-----\nMII")).toBe("[secret]");
  });
});

test.each([
  "global-checkout-production",
  "claims/global-checkout-production/00000001.json",
  "glass-warehouse-stage-europe",
  "glue-service-and-more-words",
  "https://gitlab.example.org:8443/a@b",
  "0".repeat(64),
])("%s is no token", (text) => {
  expect(withoutTokenShapes(text)).toBe(text);
});
