import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatNetwork, hasHostBits, parseNetwork, specialUse } from "../../../src/core/claim/network.ts";

describe("a network", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7/32", "203.0.113.7"],
    ["203.0.113.7/24", "203.0.113.0/24"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["::/0", "::/0"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
  ])("%s is written %s", (text, canonical) => {
    const network = parseNetwork(text);
    expect(network && formatNetwork(network)).toBe(canonical);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/08",
    "1.2.3.4/1/1",
    "1::2::3",
    "12345::",
    "::1%eth0",
    "1:2:3:4:5:6:7:8::",
    "::ffff:1.2.3.4",
    "a.b.c.d",
    "1.2.3.4 ",
  ])("%j is none", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  test("is read and written as Node does", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const network = parseNetwork(text);
        // An IPv4 tail within IPv6 is refused: such addresses never reach a firewall.
        if (network === undefined) {
          expect(text).toMatch(/:.*\./);
          return;
        }
        const written = formatNetwork(network);
        expect(isIP(written)).toBe(network.version);
        const list = new BlockList();
        const family = network.version === 4 ? "ipv4" : "ipv6";
        list.addAddress(text, family);
        expect(list.check(written, family)).toBe(true);
        expect(hasHostBits(network)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ["10.0.0.0/8", "private"],
    ["0.0.0.0/1", "this network"],
    ["172.20.1.1", "private"],
    ["127.0.0.1", "loopback"],
    ["169.254.169.254", "link-local"],
    ["100.64.0.1", "shared by carriers"],
    ["224.0.0.1", "multicast"],
    ["::1", "loopback"],
    ["fd00::1", "private"],
    ["fe80::1", "link-local"],
    ["::ffff:7f00:1", "IPv4 in IPv6"],
    ["203.0.113.0/24", undefined],
    ["198.51.100.7", undefined],
    ["8.8.8.0/24", undefined],
    ["2001:db8::/32", undefined],
    ["2606:4700::1111", undefined],
  ])("%s is %s", (text, use) => {
    const network = parseNetwork(text);
    expect(network && specialUse(network)).toBe(use);
  });
});
