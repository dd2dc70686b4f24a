/** No file of `src/` imports itself by way of others, types included. */
import { describe, expect, it } from 'vitest'
import { describeCircle, findCircles, type Graph } from './circles.ts'
import { files, ours } from './sources.ts'

const graphOf = (edges: Record<string, string[]>): Graph => new Map(Object.entries(edges))
const shown = (graph: Graph) => findCircles(graph).map((members) => describeCircle(graph, members))

describe('circles of imports', () => {
  it('are not in src', () => {
    const graph = new Map(files.map(({ file }) => [file, [] as string[]]))
    for (const { file, target } of ours) graph.get(file)?.push(target)
    expect(shown(graph)).toEqual([])
  })

  it.each<[string, Record<string, string[]>, string[]]>([
    ['none in a tree that joins again', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
    ['two files', { a: ['b'], b: ['a'] }, ['a → b → a']],
    ['a file that imports itself', { a: ['a'] }, ['a → a']],
    ['behind a tree', { a: ['b'], b: ['c'], c: ['d'], d: ['b', 'e'], e: [] }, ['b → c → d → b']],
    ['two of them', { a: ['b', 'c'], b: ['a'], c: ['d'], d: ['c'] }, ['a → b → a', 'c → d → c']],
    [
      'the shortest way of a large one',
      { a: ['b'], b: ['c', 'a'], c: ['d'], d: ['a'] },
      ['a → b → a (in a circle of 4 files)'],
    ],
  ])('are found: %s', (_, edges, circles) => {
    expect(shown(graphOf(edges))).toEqual(circles)
  })
})
