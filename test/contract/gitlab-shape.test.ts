/** What the sandbox GitLab answers, held against the description of the real API. */
import { existsSync, readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { api, gitlabForTests, openChange, webhookReceiver, type Answer, type Call } from "../sandbox/gitlab/support.ts";

const CONTRACT = "../shared/contracts/gitlab.openapi.json";
const SPEC = existsSync(CONTRACT) ? (JSON.parse(readFileSync(CONTRACT, "utf8")) as OpenApi) : undefined;

interface OpenApi {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Response & { readonly $ref?: string }> }>>;
  readonly components: { readonly schemas: Record<string, unknown>; readonly responses: Record<string, Response> };
}
interface Response {
  readonly content?: Record<string, { readonly schema?: unknown }>;
}

/** OpenAPI 3.0 → JSON Schema: `nullable`, no `example`, references into `components`. Objects may have no member that is not described. */
function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toJsonSchema);
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable, example: _example, discriminator: _discriminator, ...rest } = schema as Record<string, unknown>;
  const converted = Object.fromEntries(
    Object.entries(rest)
      .filter(([name]) => !name.startsWith("x-"))
      .map(([name, value]) => [
        name,
        name === "$ref" ? String(value).replace("#/components/schemas/", "gitlab#/definitions/") : toJsonSchema(value),
      ]),
  );
  if (typeof converted["$ref"] === "string")
    return nullable === true ? { anyOf: [{ $ref: converted["$ref"] }, { type: "null" }] } : { $ref: converted["$ref"] };
  if (converted["properties"] !== undefined) converted["additionalProperties"] ??= false;
  return nullable === true ? { anyOf: [converted, { type: "null" }] } : converted;
}

class Contract {
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly seen = new Set<string>();

  constructor(spec: OpenApi) {
    addFormats.default(this.#ajv);
    this.#ajv.addFormat("binary", true);
    this.#ajv.addFormat("int32", true);
    this.#ajv.addFormat("int64", true);
    const definitions = Object.fromEntries(
      Object.entries(spec.components.schemas).map(([name, schema]) => [name, toJsonSchema(schema)]),
    );
    this.#ajv.addSchema({ $id: "gitlab", definitions });
  }

  /** The mistakes of an answer to an operation of the contract; a status that is not described is one. */
  mistakes(spec: OpenApi, operation: string, answer: Answer): readonly string[] {
    const [method = "", path = ""] = operation.split(" ");
    const described = spec.paths[path]?.[method.toLowerCase()]?.responses[String(answer.status)];
    if (described === undefined) return [`${answer.status} is not described`];
    this.seen.add(operation);
    const response = described.$ref === undefined ? described : spec.components.responses[described.$ref.split("/").at(-1) ?? ""];
    const schema = response?.content?.["application/json"]?.schema;
    if (schema === undefined) return [];
    const key = `${operation} ${answer.status}`;
    const validate = this.#validators.get(key) ?? this.#ajv.compile(toJsonSchema(schema) as object);
    this.#validators.set(key, validate);
    if (validate(answer.json)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}

describe.skipIf(SPEC === undefined)("the sandbox GitLab keeps to the contract", () => {
  test("in every operation that it implements, good and refused", async () => {
    if (SPEC === undefined) return;
    await using gitlab = await gitlabForTests();
    await using receiver = await webhookReceiver();
    const contract = new Contract(SPEC);
    const as: Record<string, Call> = Object.fromEntries(
      ["bot", "mara", "dev", "gus", "out"].map((name) => [name, api(gitlab, name)]),
    );
    const check = async (
      who: string,
      operation: string,
      path: string,
      status: number,
      body?: unknown,
    ): Promise<Record<string, never>> => {
      const call = as[who];
      if (call === undefined) throw new Error(`nobody is called ${who}`);
      const answer = await call(operation.split(" ")[0] ?? "GET", path, body);
      expect.soft(answer.status, `${operation} as ${who}: ${answer.text.slice(0, 300)}`).toBe(status);
      expect.soft(contract.mistakes(SPEC, operation, answer), `${operation} as ${who}`).toEqual([]);
      return (answer.json ?? {}) as Record<string, never>;
    };

    const iid = await openChange(gitlab);
    const main = await gitlab.head();
    const head = gitlab.headOf(iid) ?? "";
    const mr = `/projects/:id/merge_requests/${iid}`;
    const MR = "/projects/{id}/merge_requests/{merge_request_iid}";

    await check("bot", "GET /version", "/version", 200);
    await check("bot", "GET /metadata", "/metadata", 200);
    await check("bot", "GET /user", "/user", 200);
    await check("bot", "GET /users", "/users?username=dev", 200);
    await check("bot", "GET /users/{id}", `/users/${gitlab.user("bot").id}`, 200);
    await check("bot", "GET /users/{id}", "/users/1", 404);
    await check("bot", "GET /personal_access_tokens/self", "/personal_access_tokens/self", 200);
    await check("bot", "GET /projects/{id}", "/projects/platform%2Fstatic-environments", 200);
    await check("out", "GET /projects/{id}", "/projects/:id", 404);
    await check("bot", "GET /projects/{id}/members", "/projects/:id/members", 200);
    await check("bot", "GET /projects/{id}/members/all", "/projects/:id/members/all", 200);
    await check("bot", "GET /projects/{id}/members/all/{user_id}", `/projects/:id/members/all/${gitlab.user("dev").id}`, 200);
    await check("bot", "GET /projects/{id}/members/all/{user_id}", `/projects/:id/members/all/${gitlab.user("out").id}`, 404);
    await check("bot", "GET /groups/{id}/members/all", "/groups/commerce%2Fpayments/members/all", 200);
    await check(
      "bot",
      "GET /groups/{id}/members/all/{user_id}",
      `/groups/commerce%2Fpayments/members/all/${gitlab.user("mara").id}`,
      200,
    );
    await check("bot", "GET /groups/{id}/members/all/{user_id}", `/groups/none/members/all/${gitlab.user("mara").id}`, 404);

    await check("bot", "GET /projects/{id}/merge_requests", "/projects/:id/merge_requests?state=opened&target_branch=main", 200);
    await check("bot", "GET /projects/{id}/merge_requests", "/projects/:id/merge_requests?state=open", 400);
    await check("bot", `GET ${MR}`, mr, 200);
    await check("bot", `GET ${MR}`, "/projects/:id/merge_requests/99", 404);
    await check("bot", `PUT ${MR}`, mr, 200, { add_labels: "claimbot::hold", title: "Draft: other" });
    await check("bot", `PUT ${MR}`, mr, 200, { title: "Ready again" });
    await check("gus", `PUT ${MR}`, mr, 403, { title: "mine" });
    await check("bot", `GET ${MR}/changes`, `${mr}/changes`, 200);
    await check("bot", `GET ${MR}/diffs`, `${mr}/diffs`, 200);
    const [version] = (await check("bot", `GET ${MR}/versions`, `${mr}/versions`, 200)) as unknown as { id: number }[];
    await check("bot", `GET ${MR}/versions/{version_id}`, `${mr}/versions/${version?.id}`, 200);
    await check("bot", `GET ${MR}/commits`, `${mr}/commits`, 200);
    await check("bot", `GET ${MR}/participants`, `${mr}/participants`, 200);
    await check("bot", `GET ${MR}/reviewers`, `${mr}/reviewers`, 200);

    await check("mara", `POST ${MR}/approve`, `${mr}/approve`, 409, { sha: main });
    await check("mara", `POST ${MR}/approve`, `${mr}/approve`, 201, { sha: head });
    await check("mara", `POST ${MR}/approve`, `${mr}/approve`, 401);
    await check("bot", `GET ${MR}/approvals`, `${mr}/approvals`, 200);
    await check("bot", `GET ${MR}/approval_state`, `${mr}/approval_state`, 200);
    await check("mara", `POST ${MR}/unapprove`, `${mr}/unapprove`, 201);

    const note = await check("bot", `POST ${MR}/notes`, `${mr}/notes`, 201, { body: "A plan\n\n| a |\n| - |" });
    await check("dev", `POST ${MR}/notes`, `${mr}/notes`, 202, { body: "/label ~quick" });
    await check("bot", `POST ${MR}/notes`, `${mr}/notes`, 400, { body: "" });
    await check("bot", `POST ${MR}/notes`, `${mr}/notes`, 400, {});
    await check("bot", `GET ${MR}/notes`, `${mr}/notes?sort=asc`, 200);
    await check("bot", `GET ${MR}/notes/{note_id}`, `${mr}/notes/${note["id"]}`, 200);
    await check("bot", `PUT ${MR}/notes/{note_id}`, `${mr}/notes/${note["id"]}`, 200, { body: "Another plan" });
    await check("dev", `PUT ${MR}/notes/{note_id}`, `${mr}/notes/${note["id"]}`, 403, { body: "Mine" });
    const awards = `${MR}/notes/{note_id}/award_emoji`;
    const given = await check("bot", `POST ${awards}`, `${mr}/notes/${note["id"]}/award_emoji`, 201, { name: "eyes" });
    await check("bot", `POST ${awards}`, `${mr}/notes/${note["id"]}/award_emoji`, 404, { name: "eyes" });
    await check("bot", `GET ${awards}`, `${mr}/notes/${note["id"]}/award_emoji`, 200);
    await check("bot", `DELETE ${awards}/{award_id}`, `${mr}/notes/${note["id"]}/award_emoji/${given["id"]}`, 204);

    const position = {
      ...gitlab.diffRefs(iid),
      position_type: "text",
      old_path: "environments/dev/shop.yaml",
      new_path: "environments/dev/shop.yaml",
    };
    const thread = await check("bot", `POST ${MR}/discussions`, `${mr}/discussions`, 201, {
      body: "Here",
      position: { ...position, new_line: 5 },
    });
    await check("bot", `POST ${MR}/discussions`, `${mr}/discussions`, 400, {
      body: "There",
      position: { ...position, new_line: 99 },
    });
    await check("bot", `GET ${MR}/discussions`, `${mr}/discussions`, 200);
    const one = `${MR}/discussions/{discussion_id}`;
    await check("bot", `GET ${one}`, `${mr}/discussions/${thread["id"]}`, 200);
    const reply = await check("dev", `POST ${one}/notes`, `${mr}/discussions/${thread["id"]}/notes`, 201, { body: "Yes" });
    await check("bot", `PUT ${one}`, `${mr}/discussions/${thread["id"]}?resolved=true`, 200, {});
    await check("dev", `PUT ${one}/notes/{note_id}`, `${mr}/discussions/${thread["id"]}/notes/${reply["id"]}`, 200, {
      body: "No",
    });
    await check("bot", `GET ${one}`, `${mr}/discussions/none`, 404);

    const statuses = `/projects/:id/statuses/${head}`;
    await check("bot", "POST /projects/{id}/statuses/{sha}", statuses, 201, {
      state: "running",
      name: "claimbot/plan",
      description: "planning",
    });
    await check("bot", "POST /projects/{id}/statuses/{sha}", statuses, 400, { state: "running", name: "claimbot/plan" });
    await check("bot", "POST /projects/{id}/statuses/{sha}", statuses, 400, {
      state: "success",
      name: "claimbot/plan",
      description: "x".repeat(256),
    });
    await check("bot", "POST /projects/{id}/statuses/{sha}", statuses, 201, { state: "success", name: "claimbot/plan" });
    await check("gus", "POST /projects/{id}/statuses/{sha}", statuses, 403, { state: "success" });
    gitlab.world.busyStatusUpdates = 1;
    await check("bot", "POST /projects/{id}/statuses/{sha}", statuses, 409, { state: "success" });
    await check("bot", `GET ${MR}`, mr, 200);
    await check("bot", `GET ${MR}/pipelines`, `${mr}/pipelines`, 200);
    const commits = "/projects/{id}/repository/commits";
    await check("bot", `GET ${commits}`, "/projects/:id/repository/commits?ref_name=feature&path=README.md", 200);
    await check("bot", `GET ${commits}/{sha}`, `/projects/:id/repository/commits/${head}`, 200);
    await check("bot", `GET ${commits}/{sha}`, "/projects/:id/repository/commits/feedbeef", 404);
    await check("bot", `GET ${commits}/{sha}/diff`, `/projects/:id/repository/commits/${head}/diff`, 200);
    await check("bot", `GET ${commits}/{sha}/statuses`, `/projects/:id/repository/commits/${head}/statuses?all=true`, 200);
    await check("bot", `GET ${commits}/{sha}/merge_requests`, `/projects/:id/repository/commits/${head}/merge_requests`, 200);
    const actions = [{ action: "create", file_path: "environments/sue/new.yaml", content: "x: 1\n" }];
    await check("bot", `POST ${commits}`, "/projects/:id/repository/commits", 201, {
      branch: "claimbot/new",
      start_branch: "main",
      commit_message: "New",
      actions,
    });
    await check("bot", `POST ${commits}`, "/projects/:id/repository/commits", 400, {
      branch: "claimbot/new",
      commit_message: "New",
      actions,
    });
    await check("gus", `POST ${commits}`, "/projects/:id/repository/commits", 403, {
      branch: "x",
      commit_message: "New",
      actions,
    });

    await check("bot", "POST /projects/{id}/merge_requests", "/projects/:id/merge_requests", 201, {
      source_branch: "claimbot/new",
      target_branch: "main",
      title: "New",
      labels: "a,b",
    });
    await check("bot", "POST /projects/{id}/merge_requests", "/projects/:id/merge_requests", 409, {
      source_branch: "claimbot/new",
      target_branch: "main",
      title: "New",
    });
    await check("bot", "POST /projects/{id}/merge_requests", "/projects/:id/merge_requests", 422, {
      source_branch: "main",
      target_branch: "main",
      title: "New",
    });
    await check("bot", "POST /projects/{id}/merge_requests", "/projects/:id/merge_requests", 201, {
      source_branch: "nowhere",
      target_branch: "main",
      title: "Broken",
    });

    const branches = "/projects/{id}/repository/branches";
    await check("bot", `GET ${branches}`, "/projects/:id/repository/branches", 200);
    await check("bot", `GET ${branches}/{branch}`, "/projects/:id/repository/branches/claimbot%2Fnew", 200);
    await check("bot", `GET ${branches}/{branch}`, "/projects/:id/repository/branches/none", 404);
    await check("bot", `POST ${branches}`, "/projects/:id/repository/branches?branch=copy&ref=main", 201);
    await check("bot", `DELETE ${branches}/{branch}`, "/projects/:id/repository/branches/copy", 204);
    const files = "/projects/{id}/repository/files/{file_path}";
    await check("bot", `GET ${files}`, "/projects/:id/repository/files/environments%2Fdev%2Fshop.yaml?ref=main", 200);
    await check("bot", `GET ${files}`, "/projects/:id/repository/files/none?ref=main", 404);
    await check("bot", `GET ${files}/raw`, "/projects/:id/repository/files/environments%2Fdev%2Fshop.yaml/raw?ref=main", 200);
    await check("bot", "GET /projects/{id}/repository/tree", "/projects/:id/repository/tree?recursive=true", 200);
    await check("bot", "GET /projects/{id}/repository/compare", "/projects/:id/repository/compare?from=main&to=feature", 200);
    await check(
      "bot",
      "GET /projects/{id}/repository/merge_base",
      "/projects/:id/repository/merge_base?refs[]=main&refs[]=feature",
      200,
    );
    await check("bot", "GET /projects/{id}/protected_branches", "/projects/:id/protected_branches", 200);
    await check("bot", "GET /projects/{id}/protected_branches/{name}", "/projects/:id/protected_branches/main", 200);
    await check("bot", "GET /projects/{id}/protected_branches/{name}", "/projects/:id/protected_branches/other", 404);
    const rule = { name: "other", push_access_level: 0, merge_access_level: 30 };
    await check("bot", "POST /projects/{id}/protected_branches", "/projects/:id/protected_branches", 201, rule);
    await check("bot", "POST /projects/{id}/protected_branches", "/projects/:id/protected_branches", 409, rule);
    await check("dev", "POST /projects/{id}/protected_branches", "/projects/:id/protected_branches", 403, rule);
    await check("bot", "PATCH /projects/{id}/protected_branches/{name}", "/projects/:id/protected_branches/other", 200, {
      allow_force_push: false,
      allowed_to_push: [{ access_level: 40 }],
    });
    await check("bot", "DELETE /projects/{id}/protected_branches/{name}", "/projects/:id/protected_branches/other", 204);
    await check("bot", "GET /projects/{id}/approvals", "/projects/:id/approvals", 404);
    gitlab.world.release = { version: "19.1.0", premium: true };
    await check("bot", "GET /projects/{id}/approvals", "/projects/:id/approvals", 200);

    await check("bot", "GET /projects/{id}/labels", "/projects/:id/labels", 200);
    await check("bot", "POST /projects/{id}/labels", "/projects/:id/labels", 201, { name: "new", color: "#00ff00" });
    await check("bot", "POST /projects/{id}/labels", "/projects/:id/labels", 409, { name: "new", color: "#00ff00" });
    await check("bot", "GET /projects/{id}/labels/{name}", "/projects/:id/labels/new", 200);

    const hook = await check("bot", "POST /projects/{id}/hooks", "/projects/:id/hooks", 201, {
      url: receiver.url,
      name: "claimbot",
      merge_requests_events: true,
      token: "secret",
    });
    await check("dev", "POST /projects/{id}/hooks", "/projects/:id/hooks", 403, { url: receiver.url });
    await check("bot", "POST /projects/{id}/hooks", "/projects/:id/hooks", 422, { url: "ftp://example.org" });
    await check("bot", "GET /projects/{id}/hooks", "/projects/:id/hooks", 200);
    const hooks = "/projects/{id}/hooks/{hook_id}";
    await check("bot", `GET ${hooks}`, `/projects/:id/hooks/${hook["id"]}`, 200);
    await check("bot", `PUT ${hooks}`, `/projects/:id/hooks/${hook["id"]}`, 200, { url: receiver.url, note_events: true });
    await check("bot", `PUT ${hooks}`, `/projects/:id/hooks/${hook["id"]}`, 400, { note_events: true });
    await check("bot", `POST ${hooks}/test/{trigger}`, `/projects/:id/hooks/${hook["id"]}/test/merge_requests_events`, 201);
    await check("bot", `POST ${hooks}/test/{trigger}`, `/projects/:id/hooks/${hook["id"]}/test/deployment_events`, 422);
    const [sent] = (await check("bot", `GET ${hooks}/events`, `/projects/:id/hooks/${hook["id"]}/events`, 200)) as unknown as {
      id: number;
    }[];
    await check(
      "bot",
      `POST ${hooks}/events/{hook_log_id}/resend`,
      `/projects/:id/hooks/${hook["id"]}/events/${sent?.id}/resend`,
      201,
    );
    await check("bot", `DELETE ${hooks}`, `/projects/:id/hooks/${hook["id"]}`, 204);

    const environment = await check("bot", "POST /projects/{id}/environments", "/projects/:id/environments", 201, {
      name: "stage/payments",
      tier: "staging",
      external_url: "https://pay.example.org",
    });
    await check("bot", "POST /projects/{id}/environments", "/projects/:id/environments", 400, { name: "stage/payments" });
    await check("bot", "GET /projects/{id}/environments", "/projects/:id/environments?name=stage%2Fpayments", 200);
    const environments = "/projects/{id}/environments/{environment_id}";
    await check("bot", "POST /projects/{id}/deployments", "/projects/:id/deployments", 201, {
      environment: "stage/payments",
      sha: main,
      ref: "main",
      tag: false,
      status: "running",
    });
    const [deployment] = (await check(
      "bot",
      "GET /projects/{id}/deployments",
      "/projects/:id/deployments?environment=stage%2Fpayments",
      200,
    )) as unknown as { id: number }[];
    await check("bot", "GET /projects/{id}/deployments/{deployment_id}", `/projects/:id/deployments/${deployment?.id}`, 200);
    await check("bot", "PUT /projects/{id}/deployments/{deployment_id}", `/projects/:id/deployments/${deployment?.id}`, 200, {
      status: "success",
    });
    await check("bot", "PUT /projects/{id}/deployments/{deployment_id}", `/projects/:id/deployments/${deployment?.id}`, 400, {
      status: "success",
    });
    await check("bot", `GET ${environments}`, `/projects/:id/environments/${environment["id"]}`, 200);
    await check("bot", `PUT ${environments}`, `/projects/:id/environments/${environment["id"]}`, 200, {
      description: "Payments",
    });
    await check("bot", `POST ${environments}/stop`, `/projects/:id/environments/${environment["id"]}/stop`, 200, {});
    await check("bot", `DELETE ${environments}`, `/projects/:id/environments/${environment["id"]}`, 204);

    await check("dev", `PUT ${MR}/merge`, `${mr}/merge`, 401, { sha: head });
    await check("mara", `PUT ${MR}/merge`, `${mr}/merge`, 409, { sha: main });
    await check("mara", `PUT ${MR}/merge`, `${mr}/merge`, 200, { sha: head });
    await check("mara", `PUT ${MR}/merge`, `${mr}/merge`, 405, { sha: head });
    await check("bot", `DELETE ${MR}/notes/{note_id}`, `${mr}/notes/${note["id"]}`, 204);
    await check("bot", `GET ${MR}`, mr, 200);

    expect(gitlab.unexpected).toEqual([]);
    expect(contract.seen.size).toBeGreaterThan(70);
  });

  test("notices a missing member and a wrong type", () => {
    if (SPEC === undefined) return;
    const contract = new Contract(SPEC);
    const answer = (json: unknown): Answer => ({ status: 200, headers: new Headers(), text: "", json: json as never });
    expect(contract.mistakes(SPEC, "GET /version", answer({ version: 19 })).length).toBeGreaterThan(1);
    expect(contract.mistakes(SPEC, "GET /version", { ...answer({}), status: 418 })).toEqual(["418 is not described"]);
  });
});
