/** What a record may be: reads one body and gives its fields as the API stores them, or refuses. */
import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { badBody, dnsInvalid } from "./api-error.ts";
import { PLANS } from "./plans.ts";
import type { DnsRecord, Zone } from "./zone.ts";

export type RecordFields = Pick<
  DnsRecord,
  "name" | "type" | "content" | "proxiable" | "proxied" | "ttl" | "settings" | "comment" | "tags" | "priority" | "data"
>;

const PROXIABLE = ["A", "AAAA", "CNAME"];
const WITH_HOST = ["CNAME", "NS", "PTR", "MX"];
/** The content of these is made from `data`, which is required. */
const WITH_DATA = ["CAA", "CERT", "DNSKEY", "DS", "HTTPS", "LOC", "NAPTR", "SMIMEA", "SRV", "SSHFP", "SVCB", "TLSA", "URI"];
const TYPES = ["A", "AAAA", "TXT", "OPENPGPKEY", ...WITH_HOST.filter((type) => type !== "A"), ...WITH_DATA];

/** Code 9005 for A, 9004, 9041, 9300 and 9313 are reported ones; the neighbours are near misses that no client may rely on. */
export function recordFields(body: unknown, zone: Zone): RecordFields {
  const input = objectOf(body);
  const type = input["type"];
  if (typeof type !== "string" || !TYPES.includes(type)) throw dnsInvalid(9020, "Invalid DNS record type.");
  const name = nameOf(input["name"], zone.name);
  const data = WITH_DATA.includes(type) ? dataOf(input["data"]) : undefined;
  const content = data === undefined ? contentOf(type, input["content"]) : contentOfData(type, data);
  if (content === name && type === "CNAME") throw dnsInvalid(9039, "Content must not match the record's name.");
  const proxied = proxiedOf(type, content, input["proxied"]);
  const priority = priorityOf(type, input["priority"] ?? data?.["priority"]);
  return {
    name,
    type,
    content,
    proxiable: PROXIABLE.includes(type) && !isPrivate(content),
    proxied,
    ttl: ttlOf(input["ttl"], zone, proxied),
    settings: settingsOf(input["settings"], type, zone),
    comment: commentOf(input["comment"], zone),
    tags: tagsOf(input["tags"], zone),
    ...(priority !== undefined && { priority }),
    ...(data && { data }),
  };
}

export function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (body === null || typeof body !== "object" || Array.isArray(body)) throw badBody("an object is wanted");
  return body as Readonly<Record<string, unknown>>;
}

/** As the API answers it. A name outside the zone is taken for a relative one, as the real API does. */
function nameOf(name: unknown, zone: string): string {
  if (typeof name !== "string" || name === "") throw dnsInvalid(9000, "DNS name is invalid.");
  const ascii = domainToASCII(name.replace(/\.$/, ""));
  const full = name === "@" ? zone : ascii === zone || ascii.endsWith(`.${zone}`) ? ascii : `${ascii}.${zone}`;
  const labels = full.split(".");
  const good = labels.every((label, index) => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label) || (label === "*" && index === 0));
  if (!good || full.length > 253 || labels.some((label) => label.length > 63)) throw dnsInvalid(9000, "DNS name is invalid.");
  return full;
}

function contentOf(type: string, content: unknown): string {
  if (typeof content !== "string" || content === "") throw dnsInvalid(9003, `Content for ${type} record is invalid.`);
  if (type === "A") {
    if (!isIPv4(content)) throw dnsInvalid(9005, "Content for A record must be a valid IPv4 address.");
    return content;
  }
  if (type === "AAAA") {
    if (!isIPv6(content) || content.includes("%"))
      throw dnsInvalid(9006, "Content for AAAA record must be a valid IPv6 address.");
    return new URL(`http://[${content}]`).hostname.slice(1, -1);
  }
  if (WITH_HOST.includes(type)) return hostOf(type, content);
  if (type === "TXT") return txtOf(content);
  return content;
}

function hostOf(type: string, content: string): string {
  if (content === "." && type === "MX") return content;
  const host = domainToASCII(content.replace(/\.$/, ""));
  const good =
    host !== "" && host.length <= 253 && host.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (!good || isIPv4(host)) throw dnsInvalid(9007, `Content for ${type} record is invalid.`);
  return host;
}

/** Kept as sent: bare, or in quoted pieces of at most 255 bytes. */
function txtOf(content: string): string {
  const quoted = content.startsWith('"');
  const pieces = quoted ? [...content.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? "") : [content];
  const good = quoted ? /^"(?:[^"\\]|\\.)*"(\s+"(?:[^"\\]|\\.)*")*$/.test(content) : true;
  if (!good || pieces.join("") === "" || /[\r\n]/.test(content)) throw dnsInvalid(9009, "Content for TXT record is invalid.");
  if (quoted && pieces.some((piece) => Buffer.byteLength(piece) > 255))
    throw dnsInvalid(9009, "A quoted string of TXT content may have 255 bytes.");
  if (Buffer.byteLength(content) > 4096) throw dnsInvalid(9009, "Content for TXT record is too long.");
  return content;
}

/** What a TXT record says, however its content is quoted. */
export function txtValue(content: string): string {
  if (!content.startsWith('"')) return content;
  return [...content.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replace(/\\(.)/g, "$1")).join("");
}

function dataOf(data: unknown): Readonly<Record<string, unknown>> {
  if (data === undefined) throw dnsInvalid(9101, "data is a required data field.");
  return objectOf(data);
}

function contentOfData(type: string, data: Readonly<Record<string, unknown>>): string {
  if (type === "CAA") {
    const { flags, tag, value } = data;
    if (!isWithin(flags, 255)) throw dnsInvalid(9101, "flags is a required data field.");
    if (typeof tag !== "string" || !/^(issue|issuewild|iodef|issuemail|issuevmc)$/.test(tag))
      throw dnsInvalid(9101, "tag is a required data field.");
    if (typeof value !== "string" || value === "") throw dnsInvalid(9101, "value is a required data field.");
    return `${flags} ${tag} "${value}"`;
  }
  if (type === "SRV") {
    const { priority, weight, port, target } = data;
    if (!isWithin(priority, 65_535) || !isWithin(weight, 65_535) || !isWithin(port, 65_535) || typeof target !== "string")
      throw dnsInvalid(9101, "priority, weight, port and target are required data fields.");
    return `${weight}\t${port}\t${target}`;
  }
  return Object.values(data).map(String).join(" ");
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function priorityOf(type: string, priority: unknown): number | undefined {
  if (type !== "MX" && type !== "SRV" && type !== "URI") return undefined;
  if (!isWithin(priority, 65_535)) throw dnsInvalid(9100, "priority is a required field.");
  return priority;
}

function proxiedOf(type: string, content: string, proxied: unknown): boolean {
  if (proxied === undefined || proxied === false) return false;
  if (proxied !== true) throw badBody("proxied is a boolean");
  if (!PROXIABLE.includes(type)) throw dnsInvalid(9004, "This record type cannot be proxied.");
  if (isPrivate(content)) throw dnsInvalid(9041, "This record cannot be proxied: its target is private.");
  return true;
}

/** A target that the edge cannot reach. Documentation addresses count as public. */
function isPrivate(address: string): boolean {
  if (isIPv4(address)) return /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(address);
  return isIPv6(address) && /^(::1?$|f[cd]|fe[89ab])/.test(address);
}

/** A proxied record always answers 1, whatever was sent. */
function ttlOf(ttl: unknown, zone: Zone, proxied: boolean): number {
  const min = PLANS[zone.plan].minTtlSeconds;
  const seconds = ttl ?? 1;
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || (seconds !== 1 && (seconds < min || seconds > 86_400)))
    throw dnsInvalid(9021, `Invalid TTL. Must be between ${min} and 86400 seconds, or 1 for Automatic.`);
  return proxied ? 1 : seconds;
}

function settingsOf(settings: unknown, type: string, zone: Zone): Readonly<Record<string, unknown>> {
  if (settings === undefined) return {};
  const given = objectOf(settings);
  if (given["flatten_cname"] === true && (type !== "CNAME" || zone.plan === "free"))
    throw dnsInvalid(9110, "flatten_cname is not available for this record.");
  return given;
}

function commentOf(comment: unknown, zone: Zone): string | null {
  if (comment === undefined || comment === null || comment === "") return null;
  if (typeof comment !== "string") throw badBody("comment is a string");
  if (/[\r\n]/.test(comment)) throw dnsInvalid(9312, "DNS record comment contains invalid characters.");
  const max = PLANS[zone.plan].commentLength;
  if (Buffer.byteLength(comment) > max)
    throw dnsInvalid(9313, `DNS record comment exceeds the maximum length of ${max} characters.`);
  return comment;
}

function tagsOf(tags: unknown, zone: Zone): readonly string[] {
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) throw badBody("tags is a list of strings");
  const quota = PLANS[zone.plan].tagsPerRecord;
  if (tags.length > quota) throw dnsInvalid(9300, `DNS record has ${tags.length} tags, exceeding the quota of ${quota}.`);
  for (const tag of tags) {
    if (!/^[A-Za-z0-9_-]{1,32}(:.{0,100})?$/.test(tag) || /^cf-/i.test(tag))
      throw dnsInvalid(9301, `DNS record tag ${tag} is invalid.`);
  }
  return tags;
}
