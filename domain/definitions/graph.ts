/** Who waits for whom. Every algorithm is a loop, so that thousands of steps in a row need no stack. */
export interface Node {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** A way that leads back to where it began, such as `['a', 'b', 'a']`, or undefined when there is none. */
export function cycleIn(nodes: readonly Node[]): string[] | undefined {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const left = new Map(nodes.map((node) => [node.name, node.dependsOn.filter((name) => byName.has(name)).length]));
  const after = dependents(nodes);
  const free = nodes.filter((node) => left.get(node.name) === 0).map((node) => node.name);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    left.delete(name);
    for (const next of after.get(name) ?? []) {
      const rest = left.get(next)! - 1;
      left.set(next, rest);
      if (rest === 0) free.push(next);
    }
  }
  const start = left.keys().next().value;
  if (start === undefined) return undefined;
  // Every step that is left waits for another one that is left: going back from one to the next must close a ring.
  const way = [start];
  const seen = new Map([[start, 0]]);
  for (;;) {
    const next = byName.get(way.at(-1)!)!.dependsOn.find((name) => left.has(name))!;
    const at = seen.get(next);
    if (at !== undefined) return [...way.slice(at), next];
    seen.set(next, way.length);
    way.push(next);
  }
}

export function dependents(nodes: readonly Node[]): Map<string, string[]> {
  const after = new Map<string, string[]>();
  for (const node of nodes)
    for (const name of node.dependsOn) {
      const list = after.get(name);
      if (list) list.push(node.name);
      else after.set(name, [node.name]);
    }
  return after;
}

/** Everything a step waits for, directly or through others. */
export function ancestors(nodes: ReadonlyMap<string, Node>, name: string): Set<string> {
  const found = new Set<string>();
  const next = [...(nodes.get(name)?.dependsOn ?? [])];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (found.has(each)) continue;
    found.add(each);
    next.push(...(nodes.get(each)?.dependsOn ?? []));
  }
  return found;
}

/** Everything that waits for a step, directly or through others. */
export function descendants(nodes: readonly Node[], name: string): Set<string> {
  const after = dependents(nodes);
  const found = new Set<string>();
  const next = [...(after.get(name) ?? [])];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (found.has(each)) continue;
    found.add(each);
    next.push(...(after.get(each) ?? []));
  }
  return found;
}
