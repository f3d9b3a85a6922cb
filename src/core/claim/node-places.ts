/** Places of the nodes of a composed file. */
import type { Node, Pair, ParsedNode } from "yaml";
import { yaml } from "./lazy-yaml.ts";
import { segmentsOf, type Place, type Places } from "./places.ts";

/** A text with its lines, to make places of offsets. */
export class SourceText {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) this.#starts.push(index + 1);
  }

  line(line: number): string {
    const start = this.#starts[line - 1];
    if (start === undefined) return "";
    return this.#text.slice(start, this.#starts[line] ?? this.#text.length).replace(/\r?\n$/, "");
  }

  /** A range that goes on in another line ends with its first. */
  place(start: number, end: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    const lineStart = this.#starts[low] ?? 0;
    const column = start - lineStart + 1;
    const lineEnd = this.line(low + 1).length + 1;
    return { line: low + 1, column, endColumn: Math.max(column + 1, Math.min(end - lineStart + 1, lineEnd)) };
  }
}

export function nodePlaces(root: Node | null, source: SourceText): Places {
  const { isMap, isScalar, isSeq } = yaml();
  /** The node at the pointer and its key; where there is none, those of the nearest thing above. */
  const find = (pointer: string): { readonly node: Node | null; readonly key: Node | null } => {
    let node = root;
    let key: Node | null = null;
    for (const segment of segmentsOf(pointer)) {
      if (isMap(node)) {
        const pairs = node.items as Pair<Node | null, Node | null>[];
        const pair = pairs.find((candidate) => isScalar(candidate.key) && candidate.key.value === segment);
        if (pair === undefined) return { node: key ?? node, key };
        ({ key } = pair);
        node = pair.value;
      } else if (isSeq(node) && Number(segment) < node.items.length) {
        node = node.items[Number(segment)] as Node | null;
        key = null;
      } else return { node: key ?? node, key };
    }
    return { node, key };
  };
  const at = (node: Node | null): Place => {
    const { start, end } = rangeOf(node);
    return source.place(start, end);
  };
  return {
    value(pointer) {
      const { node, key } = find(pointer);
      const { start, end } = rangeOf(node);
      const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
      return at(key !== null && (node === null || start === end || isBlock) ? key : firstOf(node));
    },
    key(pointer) {
      const { node, key } = find(pointer);
      return at(key ?? firstOf(node));
    },
    line: (line) => source.line(line),
  };

  /** A block without a key (an item of a list, the file): its first key. */
  function firstOf(node: Node | null): Node | null {
    if (!isMap(node) || node.flow === true) return node;
    return (node.items[0]?.key as Node | null | undefined) ?? node;
  }
}

/** The offsets of a node. */
export function rangeOf(node: Node | null | undefined): { readonly start: number; readonly end: number } {
  const [start, end] = (node as ParsedNode | undefined)?.range ?? [0, 1];
  return { start, end };
}
