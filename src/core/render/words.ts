/** Changes in a person's words: what, before, after. Raw text; each renderer encodes it for its own medium. */
import type { TargetName } from "../plan.ts";
import type { LockedVersion } from "../record.ts";
import type { Change, Resource } from "../resource.ts";
import { changedLeaves, fieldsOf, leafTexts, textOf, type Leaf } from "./changed-leaves.ts";
import { fluxRows } from "./flux-words.ts";
import type { Row } from "./row.ts";

/** Names of targets as people say them. */
export const TARGET_LABELS: Readonly<Record<TargetName, string>> = {
  "claim-store": "claim",
  flux: "flux",
  waf: "waf",
  dns: "dns",
  deployment: "gitlab",
};

/**
 * The rows of one target's changes: deletes, updates, creates. A row per changed field of an update, a row per created or deleted thing;
 * what Flux builds or tears down is told by services and components, because nobody reads thirty names of Kubernetes objects.
 */
export function rowsOf(target: TargetName, changes: readonly Change[]): readonly Row[] {
  const rows = target === "flux" ? fluxRows(changes) : changes.flatMap((change) => rowsOfOne(target, change, namer(changes)));
  return (["delete", "update", "create"] as const).flatMap((verb) => rows.filter((row) => row.verb === verb));
}

function rowsOfOne(target: TargetName, change: Change, nameOf: (resource: Resource) => string): readonly Row[] {
  const resource = change.verb === "delete" ? change.before : change.after;
  const row = { verb: change.verb, target, key: `${target} ${change.key}` } as const;
  if (resource.kind === "claim") return recordRows(change);
  const what = nameOf(resource);
  switch (change.verb) {
    case "delete":
      return [{ ...row, what, before: summaryOf(change.before) }];
    case "create":
      return [{ ...row, what, after: summaryOf(change.after) }];
    case "update":
      return updatedLeaves(change.before, change.after).map((leaf) => leafRow(row, what, leaf));
  }
}

/** Never none: a change that nobody sees is worse than one that reads badly. */
function updatedLeaves(before: Resource, after: Resource): readonly Leaf[] {
  const leaves = changedLeaves(partsOf(before), partsOf(after));
  const told = leaves.filter(({ path }) => path !== FOLLOWS[after.kind]);
  return [told, leaves].find(({ length }) => length > 0) ?? changedLeaves(before, after);
}

/** What follows from the other fields: a record's TTL from whether it is proxied, a limit's description from its numbers. */
const FOLLOWS: Readonly<Record<string, string>> = { "dns-record": "ttl", "rate-limit": "description" };

function leafRow(row: Pick<Row, "verb" | "target" | "key">, what: string, leaf: Leaf): Row {
  return { ...row, key: `${row.key} ${leaf.path}`, what: `${what} ${leaf.path}`.trim(), ...leafTexts(leaf) };
}

/** What is told apart from the rest of a resource: first, without a name, what its summary says, then every other field. */
function partsOf(resource: Resource): unknown {
  const { key: _key, kind, ...fields } = fieldsOf(resource);
  switch (kind) {
    case "rules":
      return { ...fieldsOf(fields["rules"]), ...fieldsOf(fields["policies"]) };
    case "dns-record": {
      const { content: _content, proxied: _proxied, ...others } = fields;
      return { "": summaryOf(resource), ...others };
    }
    case "rate-limit": {
      const { requests_per_period: _requests, period: _period, ...limits } = fieldsOf(fields["ratelimit"]);
      return { "": summaryOf(resource), ...fields, ...guardedParts(fields["expression"]), ratelimit: limits };
    }
    case "custom-rule":
      return { ...fields, ...guardedParts(fields["expression"]) };
    default:
      return fields;
  }
}

/** The hosts to which a rule is bound, apart from what it looks for: else one name more would change every rule beyond reading. */
function guardedParts(expression: unknown): { readonly expression: unknown; readonly hosts?: readonly string[] } {
  const guard = /^\(http\.host in \{("[^"\\]*"(?: "[^"\\]*")*)\}\) and \((.*)\)$/s;
  const [, hosts, inner] = (typeof expression === "string" && guard.exec(expression)) || [];
  return hosts === undefined ? { expression } : { expression: inner, hosts: hosts.slice(1, -1).split('" "') };
}

/** The record of a claim: what changes in the claim's own words, which release it pins, and each service whose locked version is another. */
function recordRows(change: Change): readonly Row[] {
  const is = change.verb === "create" ? {} : fieldsOf(change.before);
  const becomes = change.verb === "delete" ? {} : fieldsOf(change.after);
  const row = { verb: change.verb, target: "claim-store", key: "claim-store record" } as const;
  const release = changedLeaves(is["releaseDigest"], becomes["releaseDigest"]);
  if (change.verb === "delete") return [{ ...row, what: "record", ...leafTexts(release[0]) }];
  const [were, are] = [fieldsOf(is["versions"]), fieldsOf(becomes["versions"])];
  const services = [...new Set([...Object.keys(were), ...Object.keys(are)])];
  const versions = services.flatMap((service) =>
    changedLeaves(versionText(were[service]), versionText(are[service])).map((leaf) => ({
      ...leafRow(row, `${service} version`, leaf),
      key: `version ${service}`,
    })),
  );
  if (change.verb === "create") return [{ ...row, what: "record", ...leafTexts(release[0]) }, ...versions];
  const words = changedLeaves(is["claim"], becomes["claim"]).map((leaf) => ({
    ...leafRow(row, "", leaf),
    what: leaf.path.replace(/^(?:spec|metadata)\./, ""),
  }));
  const told = [...words, ...versions, ...release.map((leaf) => leafRow(row, "release", leaf))];
  return told.length > 0 ? told : changedLeaves(is, becomes).map((leaf) => leafRow(row, "record", leaf));
}

/** `2.4.0 for ^2.3.0, sha256:9f2c…`. */
function versionText(version: unknown): string | undefined {
  if (version === undefined) return undefined;
  const { constraint, tag, digest } = version as LockedVersion;
  if (tag === undefined) return `${constraint}, not resolved`;
  return [tag === constraint ? tag : `${tag} for ${constraint}`, ...(digest === undefined ? [] : [textOf(digest)])].join(", ");
}

/** How a target's things are called, the zone only where there are several. */
function namer(changes: readonly Change[]): (resource: Resource) => string {
  const zones = new Set(changes.map((change) => fieldsOf(change.verb === "delete" ? change.before : change.after)["zone"]));
  return (resource) => {
    const { zone } = fieldsOf(resource);
    const behind = zones.size > 1 && typeof zone === "string" ? ` in ${zone}` : "";
    switch (resource.kind) {
      case "rules":
        return "rules";
      case "gitlab-environment":
        return "environment";
      case "custom-rule":
      case "rate-limit":
        return `${ruleName(resource)}${behind}`;
      default:
        return resource.key;
    }
  };
}

/** `rate limit login`, `baseline rule dotfiles`, `rule admin`, `country rule`; the last word of the key says where it comes from. */
function ruleName({ key, kind }: Resource): string {
  const name = key.slice(key.lastIndexOf(" ") + 1);
  if (kind === "rate-limit") return `rate limit ${name.replace(/^rate-/, "")}`;
  if (name.startsWith("base-")) return `baseline rule ${name.slice("base-".length)}`;
  return name.startsWith("rule-") ? `rule ${name.slice("rule-".length)}` : `${name} rule`;
}

function summaryOf(resource: Resource): string {
  const { content, proxied, action, description, ratelimit, externalUrl, tier } = fieldsOf(resource);
  switch (resource.kind) {
    case "dns-record":
      return `${textOf(content)}${proxied === true ? ", proxied" : ""}`;
    case "custom-rule":
      // Cloudflare shows the environment's name before it; here everybody knows.
      return `${textOf(action)}: ${textOf(description).replace(/^[a-z0-9-]+: /, "")}`;
    case "rate-limit": {
      const { requests_per_period: requests, period } = fieldsOf(ratelimit);
      return requests === undefined ? textOf(action) : `${textOf(requests)} per ${textOf(period)} s`;
    }
    case "gitlab-environment":
      return textOf(externalUrl ?? tier);
    default:
      return "";
  }
}
