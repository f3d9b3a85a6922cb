import { expect, test } from "vitest";
import { parseExpression } from "../../../src/sandbox/cloudflare/expression.ts";

test.each([
  "true",
  'http.host eq "pay.example.org"',
  '(http.host in {"a.example.org" "b.example.org"}) and (ip.src.country ne "DE")',
  'not http.host == "a" or !(ssl) xor cf.client.bot',
  "ip.src in {192.0.2.0/24 2001:db8::/32 198.51.100.1..198.51.100.9}",
  "not ip.src in $office",
  'http.request.uri.path eq r#"a"b"#',
  'http.request.uri.path wildcard "/x/*" or http.request.uri strict wildcard "/*"',
  'http.user_agent contains "\\"bot\\""',
  'starts_with(lower(http.request.uri.path), "/login")',
  'any(http.request.headers["x-a"][*] contains "b")',
  'http.request.headers["x-a"][0] eq "b"',
  "len(http.request.uri.query) gt 100 && ip.geoip.asnum in {1 2..5}",
  'http.request.method ne "GET" || http.referer matches "^https?://a"',
])("takes %s", (expression) => {
  expect(parseExpression(expression)).toMatchObject({ ok: true });
});

test.each([
  ['http.host eq "a', "1:14", "unrecognised input"],
  ['(http.host eq "a"', "1:18", 'expected literal ")"'],
  ['http.host eq "a")', "1:17", "unrecognised input"],
  ['http.hosst eq "a"', "1:1", "unknown identifier"],
  ["http.host", "1:10", "expected a comparison operator"],
  ["http.host eq 5", "1:14", "expected string"],
  ['ip.src eq "192.0.2.1"', "1:11", "expected address"],
  ['ip.src contains "a"', "1:1", "cannot perform this operation on type address"],
  ['http.host eq "a" and', "1:21", "expected an identifier"],
  ["http.host in {}", "1:15", "expected string"],
  ['http.host in {"a"', "1:18", 'expected literal "}"'],
  ['frobnicate(http.host) eq "a"', "1:1", "unknown identifier"],
  ['http.host eq "\\q"', "1:14", "unrecognised input"],
  ["", "1:1", "expected an identifier"],
  [`${"(".repeat(60)}true${")".repeat(60)}`, "1:52", "nested too deeply"],
])("refuses %s at its place", (expression, place, reason) => {
  const parsed = parseExpression(expression);
  expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining(`(${place})`) });
  expect(parsed).toMatchObject({ message: expect.stringContaining(`^ ${reason}`) });
});

test("tells which fields and operators an expression uses", () => {
  expect(parseExpression('lower(http.host) eq "a" and http.cookie matches "b" and http.host ne "http.referer"')).toEqual({
    ok: true,
    fields: ["http.host", "http.cookie"],
    operators: ["eq", "matches", "ne"],
  });
});
