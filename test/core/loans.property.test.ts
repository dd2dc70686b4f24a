/**
 * Section 6 of the design, over random histories: whatever becomes of the messages, the cluster
 * never runs more workers than the sum of its limits, and silence gives every node its own back.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Cluster, duration } from './loans.model.ts'

const histories = 30_000

type Step = [kind: number, a: number, b: number]

/** One step of a history; the numbers choose nodes and messages. Frequent ones stand twice. */
const kinds: ((cluster: Cluster, a: number, b: number, check: () => void) => void)[] = [
  (cluster, a, b) => cluster.ask(node(cluster, a), node(cluster, b)),
  (cluster, a, b) => cluster.ask(node(cluster, a), node(cluster, b)),
  (cluster, a, b) => cluster.askAgain(node(cluster, a), b),
  (cluster, a, b) => cluster.renew(node(cluster, a), b),
  (cluster, a, b) => cluster.renew(node(cluster, a), b),
  (cluster, a, b) => cluster.giveBack(node(cluster, a), b),
  (cluster, a) => cluster.setHungry(node(cluster, a), true),
  (cluster, a) => cluster.setHungry(node(cluster, a), true),
  (cluster, a) => cluster.setHungry(node(cluster, a), false),
  (cluster, a) => cluster.deliver(a),
  (cluster, a) => cluster.deliver(a),
  (cluster, a) => cluster.deliver(a),
  (cluster) => cluster.deliver(cluster.network.length - 1),
  (cluster) => cluster.deliver(cluster.network.length - 1),
  (cluster, a) => cluster.double(a),
  (cluster, a) => cluster.lose(a),
  (cluster, _a, b, check) => cluster.pass(b, check),
  (cluster, _a, b, check) => cluster.pass(b, check),
  (cluster, a, b) => cluster.restart(node(cluster, a), b * 1000 - 20_000),
  (cluster, a) => cluster.raise(node(cluster, a)),
]

const node = ({ nodes }: Cluster, choice: number) => choice % nodes.length
const nodes = fc.array(
  fc.record({ own: fc.nat(2), offset: fc.constantFrom(-1e6, -7, 0, 13, 1e9) }),
  { minLength: 2, maxLength: 4 },
)
const steps = fc.array(fc.tuple(fc.nat(kinds.length - 1), fc.nat(11), fc.nat(duration / 2)), {
  minLength: 20,
  maxLength: 60,
  size: 'max',
})

function run(cluster: Cluster, history: Step[]): void {
  const check = () => {
    const { running, total } = cluster
    if (running > total) throw new Error(`${running} workers, limits of ${total}`)
  }
  for (const [kind, a, b] of history) {
    kinds[kind]?.(cluster, a, b, check)
    cluster.pass(0, check)
  }
  cluster.network = []
  cluster.pass(duration, check)
}

it(`never runs more workers than the sum of the limits, in ${histories} histories`, () => {
  let withLoans = 0
  fc.assert(
    fc.property(nodes, steps, (start, history) => {
      const cluster = new Cluster(start)
      run(cluster, history)
      if (cluster.borrowedAtMost > 0) withLoans += 1
      for (const one of cluster.nodes) {
        expect(cluster.limitOf(one)).toBe(one.own)
        expect(one.workers).toEqual(one.hungry ? Array(one.own).fill(undefined) : [])
      }
    }),
    { numRuns: histories },
  )
  // Histories in which nobody ever worked in a borrowed place would show nothing.
  expect(withLoans).toBeGreaterThan(histories / 10)
})
