/** Kubernetes objects as YAML that no reader, of YAML 1.1 or 1.2, can take for anything else. */
import { Document, isScalar, parseAllDocuments, visit } from "yaml";
import type { KubernetesObject } from "./kubernetes-object.ts";

const FIRST = ["apiVersion", "kind", "metadata", "name", "namespace"];
/** What YAML 1.1 readers, Flux's among them, take for a boolean or null without quotes. */
const WORDS = /^(y|n|yes|no|on|off|true|false|null)$/i;
/** Letters that some readers take for a line break, or that no YAML stream may hold as they are. */
// oxlint-disable-next-line no-control-regex
const UNSAFE =
  /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One document per object, in the given order; members sorted, so that equal objects have equal bytes. */
export function yamlOf(objects: readonly KubernetesObject[]): string {
  return objects.map((object) => `---\n${documentOf(object)}`).join("");
}

/** Reads what `yamlOf` wrote. Throws on anything that is not a row of Kubernetes objects. */
export function objectsIn(text: string): readonly KubernetesObject[] {
  return [...parseAllDocuments(text)].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    if (!isKubernetesObject(value)) throw new Error("a document is not a Kubernetes object");
    return value;
  });
}

function documentOf(object: KubernetesObject): string {
  // By way of JSON, as digests are made: without undefined members, and with -0 as 0.
  const document = new Document(JSON.parse(JSON.stringify(object)), {
    aliasDuplicateObjects: false,
    sortMapEntries: (a, b) => compareKeys(keyText(a), keyText(b)),
  });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string") node.type = isPlain(node.value) ? "PLAIN" : "QUOTE_DOUBLE";
    },
  });
  return document
    .toString({ lineWidth: 0, directives: false, doubleQuotedMinMultiLineLength: Infinity })
    .replace(UNSAFE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function isPlain(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_./-]*$/.test(text) && !WORDS.test(text);
}

function compareKeys(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function rank(key: string): number {
  const index = FIRST.indexOf(key);
  return index === -1 ? FIRST.length : index;
}

function keyText({ key }: { readonly key: unknown }): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  if (value === null || typeof value !== "object" || !("apiVersion" in value) || !("kind" in value) || !("metadata" in value))
    return false;
  const { apiVersion, kind, metadata } = value;
  return (
    typeof apiVersion === "string" &&
    typeof kind === "string" &&
    metadata !== null &&
    typeof metadata === "object" &&
    "name" in metadata &&
    typeof metadata.name === "string"
  );
}
