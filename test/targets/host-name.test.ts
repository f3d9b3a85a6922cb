import { expect, test } from "vitest";
import { hostName, zoneOf } from "../../src/targets/host-name.ts";

test.each([
  ["pay.example.org", "pay.example.org"],
  ["PAY.Example.org.", "pay.example.org"],
  ["gíthub.com", "xn--gthub-zsa.com"],
  ["*.example.org", "*.example.org"],
  ["_acme-challenge.example.org", "_acme-challenge.example.org"],
  ["192.0.2.10", "192.0.2.10"],
])("writes %s as %s", (text, name) => {
  expect(hostName(text)).toBe(name);
});

test.each([
  ["pay.stage.example.org", "stage.example.org"],
  ["example.org", "example.org"],
  ["PAY.EXAMPLE.ORG.", "example.org"],
  ["payexample.org", undefined],
])("finds the longest zone that holds %s: %s", (name, zone) => {
  expect(zoneOf(name, ["example.org", "stage.example.org", "example.com"])).toBe(zone);
});
