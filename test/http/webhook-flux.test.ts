import { expect, test } from "vitest";
import { decideFlux } from "../../src/http/flux-event.ts";
import { fluxSigned, httpBench, secrets, visible } from "./bench.ts";

const event = (kind: unknown, name: unknown): string =>
  JSON.stringify({ involvedObject: { kind, name, namespace: "flux-system" }, severity: "info" });
const BODY = event("Kustomization", "env-payments-stage");

test("an event of an environment's Kustomization enqueues its release", async () => {
  await using http = await httpBench();
  expect((await http.send("/webhooks/flux", BODY, fluxSigned(BODY))).status).toBe(202);
  expect(http.accepted).toMatchObject([{ source: "flux", jobs: [{ kind: "release", environment: "payments-stage" }] }]);
});

test("a replay happens once", async () => {
  await using http = await httpBench();
  for (let count = 0; count < 2; count += 1) expect((await http.send("/webhooks/flux", BODY, fluxSigned(BODY))).status).toBe(202);
  expect(http.accepted).toHaveLength(1);
});

test.each<[string, Record<string, string>]>([
  ["no signature", {}],
  ["a foreign token", fluxSigned(BODY, "another")],
  ["another body", fluxSigned(`${BODY} `)],
  ["no algorithm", { "x-signature": fluxSigned(BODY)["x-signature"]!.slice(7) }],
  ["sha1", { "x-signature": "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709" }],
])("%s is refused like any stranger", async (_, headers) => {
  await using http = await httpBench();
  const refusal = await visible(await http.send("/webhooks/flux", BODY, headers));
  expect(refusal).toEqual(await visible(await http.send("/webhooks/flux", BODY)));
  expect(refusal).toMatchObject({ status: 401 });
  expect(http.accepted).toEqual([]);
});

test("the old token opens while it is rotated", async () => {
  await using http = await httpBench({ fluxEventsTokens: secrets("new-token", "old-token") });
  expect((await http.send("/webhooks/flux", BODY, fluxSigned(BODY, "old-token"))).status).toBe(202);
});

test("without a token the door is shut", async () => {
  await using http = await httpBench({ fluxEventsTokens: [] });
  expect((await http.send("/webhooks/flux", BODY, fluxSigned(BODY, ""))).status).toBe(401);
});

test.each<[unknown, unknown]>([
  ["Kustomization", "flux-system"],
  ["Kustomization", "env-"],
  ["Kustomization", "env-ab"],
  ["Kustomization", "env-Payments"],
  ["Kustomization", "env-../../x"],
  ["Kustomization", "env-a\nb"],
  ["Kustomization", "env-abc\n"],
  ["Kustomization", "env-abc-"],
  ["Kustomization", "env-1abc"],
  ["Kustomization", `env-a${"b".repeat(40)}`],
  ["Kustomization", ["env-payments"]],
  ["Kustomization", { toString: "env-payments" }],
  ["Kustomization", null],
  ["Secret", "env-payments"],
  [null, null],
  [["Kustomization"], "env-payments"],
])("an event of %j %j asks for nothing", (kind, name) => {
  expect(decideFlux(JSON.parse(event(kind, name))).jobs).toEqual([]);
});

test.each([null, 1, "x", [], [[]], {}, { involvedObject: null }, { involvedObject: [] }, { involvedObject: "Kustomization" }])(
  "the body %j asks for nothing",
  (body) => {
    expect(decideFlux(body).jobs).toEqual([]);
  },
);

test.each(["abc", "a1b", "payments-stage", `a${"b".repeat(39)}`])("takes the environment %s", (name) => {
  expect(decideFlux(JSON.parse(event("Bucket", `env-${name}`))).jobs).toEqual([{ kind: "release", environment: name }]);
});
