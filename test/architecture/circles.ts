/**
 * Circles of imports: the strongly connected components of more than one file, by Tarjan's algorithm
 * ("Depth-first search and linear graph algorithms", 1972).
 */

/** For each file, the files that it imports. */
export type Graph = ReadonlyMap<string, readonly string[]>

/** The members of each circle, sorted. A file that imports itself is one too. */
export function findCircles(graph: Graph): string[][] {
  const indexes = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []

  /** The lowest index on the stack that is reachable from this file. */
  function visit(file: string): number {
    const index = indexes.size
    indexes.set(file, index)
    stack.push(file)
    let lowest = index
    for (const next of graph.get(file) ?? []) {
      const known = indexes.get(next)
      if (known === undefined) lowest = Math.min(lowest, visit(next))
      else if (stack.includes(next)) lowest = Math.min(lowest, known)
    }
    if (lowest === index) {
      const members = stack.splice(stack.indexOf(file)).sort()
      if (members.length > 1 || graph.get(file)?.includes(file)) circles.push(members)
    }
    return lowest
  }

  for (const file of graph.keys()) if (!indexes.has(file)) visit(file)
  return circles.sort()
}

/** A shortest way around through the first member, and how many more files the circle holds. */
export function describeCircle(graph: Graph, members: readonly string[]): string {
  const [first = ''] = members
  const cameFrom = new Map<string, string>()
  const queue = [first]
  for (const file of queue) {
    for (const next of graph.get(file) ?? []) {
      if (next === first) return print(pathTo(cameFrom, first, file), members.length)
      if (cameFrom.has(next) || !members.includes(next)) continue
      cameFrom.set(next, file)
      queue.push(next)
    }
  }
  throw new Error(`${members.join(', ')}: no circle`)
}

function pathTo(cameFrom: Map<string, string>, first: string, last: string): string[] {
  const path = [last]
  for (let file = last; file !== first; ) {
    file = cameFrom.get(file) as string
    path.unshift(file)
  }
  return path
}

function print(path: string[], size: number): string {
  const more = size > path.length ? ` (in a circle of ${size} files)` : ''
  return [...path, path[0]].join(' → ') + more
}
