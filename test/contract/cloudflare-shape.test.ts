/** The sandbox's answers, held against Cloudflare's own description where that is at hand. */
import { existsSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { expect, test } from "vitest";
import { startCloudflare } from "../../src/sandbox/cloudflare.ts";

const DESCRIPTION = new URL("../../../shared/contracts/cloudflare.openapi.json", import.meta.url);
const PHASE = "http_request_firewall_custom";
const BLOCK = { action: "block", expression: "true" };
const A = { type: "A", name: "pay", content: "192.0.2.1" };

type Node = Readonly<Record<string, unknown>>;

/** OpenAPI 3.0 to JSON Schema, in what differs: `nullable`. References name the whole description. */
function schemaOf(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(schemaOf);
  if (node === null || typeof node !== "object") return node;
  const { nullable, discriminator: _, ...rest } = node as Node;
  const plain = Object.fromEntries(
    Object.entries(rest).map(([name, member]) => [name, name === "$ref" ? `api${String(member)}` : schemaOf(member)]),
  );
  return nullable === true ? { anyOf: [{ type: "null" }, plain] } : plain;
}

/** What a reference stands for. */
function followed(description: Node, node: Node): Node {
  const { $ref } = node;
  if (typeof $ref !== "string") return node;
  return $ref
    .replace("api#/", "")
    .split("/")
    .reduce<Node>((at, part) => at[part] as Node, description);
}

/** DNS describes a refusal as an answer that is both success and failure, which nothing can be: the failure counts. */
function failureOf(schema: object): object {
  const parts: readonly { readonly $ref?: string }[] = "allOf" in schema && Array.isArray(schema.allOf) ? schema.allOf : [];
  return parts.find(({ $ref }) => $ref?.endsWith("-failure")) ?? schema;
}

/** The description's path for a call, its parameters put in braces. */
function pathOf(paths: Node, path: string): string | undefined {
  const fits = (pattern: string): boolean => new RegExp(`^${pattern.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(path);
  // A fixed segment (batch) wins over a parameter.
  return Object.keys(paths)
    .filter(fits)
    .toSorted((a, b) => a.split("{").length - b.split("{").length)[0];
}

test.skipIf(!existsSync(DESCRIPTION))("every answer has the shape that Cloudflare describes", async () => {
  const description = schemaOf(JSON.parse(readFileSync(DESCRIPTION, "utf8"))) as {
    readonly paths: Readonly<Record<string, Node>>;
  } & Node;
  const ajv = new Ajv({ strict: false, allErrors: true, formats: fullFormats });
  ajv.addSchema(description, "api");
  const seen: string[] = [];
  await using server = await startCloudflare({ zones: [{ name: "example.org", plan: "business" }], token: "sandbox-token" });
  const zone = `/zones/${server.zoneId("example.org")}`;

  const call = async (
    method: string,
    path: string,
    body?: object,
    expected = 200,
  ): Promise<{ readonly id: string; readonly rules: readonly { readonly id: string }[] }> => {
    const answer = await fetch(server.apiUrl + path, {
      method,
      headers: { authorization: "Bearer sandbox-token", "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.status, `${method} ${path}`).toBe(expected);
    const pattern = pathOf(description.paths, path.split("?")[0] ?? "");
    const key = expected === 429 ? "429" : expected >= 400 ? "4XX" : String(expected);
    const operation = `${method.toLowerCase()} ${pattern}`;
    const responses = (description.paths[pattern ?? ""]?.[method.toLowerCase()] as Node | undefined)?.["responses"] as
      | Node
      | undefined;
    const response = responses?.[key] as Node | undefined;
    expect(response, `${operation} describes ${key}`).toBeDefined();
    seen.push(operation);
    if (expected === 204) return { id: "", rules: [] };
    const json: unknown = await answer.json();
    const content = followed(description, response ?? {})["content"] as Readonly<Record<string, { readonly schema: object }>>;
    const validate = ajv.compile(failureOf(content["application/json"]?.schema ?? {}));
    expect(validate(json), `${operation} ${key}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(json)}`).toBe(true);
    return (json as { readonly result: { readonly id: string; readonly rules: readonly { readonly id: string }[] } }).result;
  };

  await call("GET", "/zones");
  await call("GET", zone);
  await call("GET", `/zones/${"0".repeat(32)}`, undefined, 403);
  const { id } = await call("POST", `${zone}/dns_records`, { ...A, comment: "mark", tags: ["env:prod"] });
  for (const record of [
    { type: "TXT", name: "pay", content: "x" },
    { type: "MX", name: "@", content: "mx.example.net", priority: 5 },
    { type: "CAA", name: "@", data: { flags: 0, tag: "issue", value: "ca.example" } },
    { type: "CNAME", name: "www", content: "pay.example.org", proxied: true },
    { type: "AAAA", name: "pay", content: "2001:db8::1" },
    { type: "NS", name: "sub", content: "ns.example.net" },
  ])
    await call("POST", `${zone}/dns_records`, record);
  await call("POST", `${zone}/dns_records`, A, 400);
  await call("GET", `${zone}/dns_records?include_shadow_metadata=true`);
  await call("GET", `${zone}/dns_records?per_page=0`, undefined, 400);
  await call("GET", `${zone}/dns_records/${id}`);
  await call("GET", `${zone}/dns_records/${"0".repeat(32)}`, undefined, 404);
  await call("PATCH", `${zone}/dns_records/${id}`, { comment: null });
  await call("PUT", `${zone}/dns_records/${id}`, A);
  await call("POST", `${zone}/dns_records/batch`, { patches: [{ id, ttl: 300 }], posts: [{ ...A, name: "b" }] });
  await call("POST", `${zone}/dns_records/batch`, { deletes: [{ id: "0".repeat(32) }] }, 404);
  await call("DELETE", `${zone}/dns_records/${id}`);
  const entry = `${zone}/rulesets/phases/${PHASE}/entrypoint`;
  await call("GET", entry, undefined, 404);
  await call("PUT", `${entry}?dry_run=true`, { rules: [BLOCK] });
  const ruleset = await call("PUT", entry, { rules: [BLOCK] });
  await call("PUT", entry, { rules: [{ action: "block" }] }, 400);
  await call("GET", entry);
  await call("GET", `${entry}/versions`);
  await call("GET", `${entry}/versions/1`);
  const rules = `${zone}/rulesets/${ruleset.id}/rules`;
  await call("POST", rules, { ...BLOCK, action: "skip", action_parameters: { ruleset: "current" }, position: { before: "" } });
  await call("PATCH", `${rules}/${ruleset.rules[0]?.id}`, { ...BLOCK, description: "x" });
  await call("DELETE", `${rules}/${ruleset.rules[0]?.id}`);
  await call("GET", `${zone}/rulesets`);
  await call("GET", `${zone}/rulesets/${ruleset.id}`);
  await call("PUT", `${zone}/rulesets/${ruleset.id}`, { rules: [] });
  await call("GET", `${zone}/rulesets/${ruleset.id}/versions`);
  await call("GET", `${zone}/rulesets/${ruleset.id}/versions/2`);
  await call("DELETE", `${zone}/rulesets/${ruleset.id}`, undefined, 204);
  const limit = { characteristics: ["cf.colo.id", "ip.src"], period: 60, requests_per_period: 20, mitigation_timeout: 60 };
  await call("POST", `${zone}/rulesets`, {
    name: "n",
    kind: "zone",
    phase: "http_ratelimit",
    rules: [{ ...BLOCK, ratelimit: limit }],
  });
  server.throttle(1, 5);
  await call("GET", `${zone}/dns_records`, undefined, 429);
  expect(server.unexpected).toEqual([]);

  const described = Object.entries(description.paths).flatMap(([path, operations]) =>
    path.startsWith("/zones")
      ? Object.keys(operations)
          .filter((name) => /^(get|put|post|patch|delete)$/.test(name))
          .map((method) => `${method} ${path}`)
      : [],
  );
  expect([...new Set(seen)].toSorted()).toEqual(described.toSorted());
});
