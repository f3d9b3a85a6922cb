import { dependenciesOf, foreignDependenciesOf, targetOf, type Dependency, type Target } from "./dependencies.ts";
import { perClaim } from "./per-claim.ts";
import type { TreeRule } from "./rule.ts";
import type { Tree } from "./tree.ts";

export const dependencyCycle: TreeRule = {
  about: "tree",
  code: "claim/dependency-cycle",
  summary: "Services do not depend on each other in a circle, over all claims; an optional dependency breaks it.",
  wrong: `
spec:
  services:
    - {name: ledger, version: ^1.0.0, dependsOn: [payments]}
                                                  ^^^^^^^^ error claim/dependency-cycle
    - {name: payments, version: ^2.3.0, dependsOn: [ledger]}
`,
  right: `
spec:
  services:
    - {name: ledger, version: ^1.0.0, dependsOn: [{name: payments, optional: true}]}
    - {name: payments, version: ^2.3.0, dependsOn: [ledger]}
`,
  check(tree) {
    return circles(tree).flatMap((circle) => {
      const inOneClaim = new Set(circle.map(({ from }) => from.view)).size === 1;
      const nameOf = ({ from }: Edge): string => (inOneClaim ? from.service : `${from.view.name}/${from.service}`);
      const names = circle.map(nameOf);
      // Each author sees the circle once, where their claim takes part in it.
      const perClaim = [...Map.groupBy(circle, ({ from }) => from.view.path).values()].flatMap(([edge]) => edge ?? []);
      return perClaim.map((edge) => {
        const start = circle.indexOf(edge);
        const drawn = shortened([...names.slice(start), ...names.slice(0, start), names[start] ?? ""]);
        return {
          path: edge.from.view.path,
          pointer: edge.from.pointer,
          message: `${drawn.join(" → ")}: these depend on each other in a circle.`,
          hint: `Make one of them optional: {name: ${edge.from.name}, optional: true}`,
        };
      });
    });
  },
};

interface Edge {
  readonly from: Dependency;
  /** `<environment>/<service>`. */
  readonly source: string;
  readonly target: string;
}

/** One shortest circle through each service that is in one, as edges; each circle once. */
function circles(tree: Tree): readonly (readonly Edge[])[] {
  const views = tree.views.filter(mayTakePart);
  const edges = edgesOf(
    views.flatMap((view) => dependenciesOf(view)),
    (dependency) => targetOf(dependency, tree),
  );
  dropEnds(edges);
  const drawn = new Set<string>();
  return [...edges.keys()].flatMap((start) => {
    if (drawn.has(start)) return [];
    const circle = shortestCircle(start, edges);
    for (const { source } of circle) drawn.add(source);
    return circle.length === 0 ? [] : [circle];
  });
}

/** False for nearly all of thousands of claims: none of their services needs another claim's, and their own go in no circle. */
const mayTakePart = perClaim((view): boolean => {
  if (foreignDependenciesOf(view).some(({ optional }) => !optional)) return true;
  const own = edgesOf(dependenciesOf(view), ({ name }) => ({ kind: "found", view, service: name }));
  dropEnds(own);
  return own.size > 0;
});

/** By their source. */
function edgesOf(dependencies: readonly Dependency[], targetOf: (dependency: Dependency) => Target): Map<string, Edge[]> {
  const edges = dependencies.flatMap((from): Edge[] => {
    const target = from.optional ? undefined : targetOf(from);
    if (target?.kind !== "found") return [];
    return [{ from, source: `${from.view.name}/${from.service}`, target: `${target.view.name}/${target.service}` }];
  });
  return Map.groupBy(edges, ({ source }) => source);
}

/** Takes away, again and again, what depends on nothing that is left: circles stay, and what leads to one. */
function dropEnds(edges: Map<string, Edge[]>): void {
  const dependents = Map.groupBy([...edges.values()].flat(), ({ target }) => target);
  const left = new Map([...edges].map(([source, out]) => [source, out.length]));
  const ends = [...dependents.keys()].filter((target) => !edges.has(target));
  while (ends.length > 0) {
    for (const { source } of dependents.get(ends.pop() ?? "") ?? []) {
      const count = (left.get(source) ?? 0) - 1;
      left.set(source, count);
      if (count !== 0) continue;
      edges.delete(source);
      ends.push(source);
    }
  }
}

/** Breadth first, so the circle that is drawn has no detours. Empty when there is none. */
function shortestCircle(start: string, edges: ReadonlyMap<string, readonly Edge[]>): readonly Edge[] {
  const reachedBy = new Map<string, Edge>();
  let frontier = [start];
  while (frontier.length > 0 && !reachedBy.has(start)) {
    const next: string[] = [];
    for (const node of frontier) {
      for (const edge of edges.get(node) ?? []) {
        if (reachedBy.has(edge.target)) continue;
        reachedBy.set(edge.target, edge);
        next.push(edge.target);
      }
    }
    frontier = next;
  }
  const circle: Edge[] = [];
  for (
    let edge = reachedBy.get(start);
    edge !== undefined;
    edge = edge.source === start ? undefined : reachedBy.get(edge.source)
  ) {
    circle.unshift(edge);
  }
  return circle;
}

function shortened(names: readonly string[]): readonly string[] {
  return names.length <= 12 ? names : [...names.slice(0, 6), `… ${names.length - 11} more …`, ...names.slice(-5)];
}
