/** The load: clients that do at random what clients do, retry what they heard no answer to, and look. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, Told } from './client.ts'
import { type MadeTask, makeTask } from './making.ts'
import type { Random } from './random.ts'

export interface LoadOptions {
  client: Client
  nodes: () => string[]
  random: Random
  /** Tasks in this round, spread over so many seconds; fewer where nodes are away for too long. */
  tasks: number
  seconds: number
}

interface Acknowledged {
  node: string
  task: MadeTask
}

/** How often each is done, of the sum. */
const habits = {
  enqueueOne: 30,
  enqueueMany: 12,
  hangUp: 5,
  again: 6,
  impostor: 3,
  lookup: 15,
  results: 8,
  pull: 4,
  cancel: 4,
  intrude: 4,
}

const intrusions = [
  { path: '/v1/state' },
  { path: '/v1/results?limit=10' },
  { path: '/pullCompleted?top=10', method: 'POST' },
  { path: '/enqueue?iterations=1', method: 'PUT', body: 'a task of a stranger' },
  { path: '/try_get_node_quota?loan=0199b3a0-0000-7000-8000-000000000000' },
  { path: '/v1/tasks?limit=10', token: 'admin.soak.00' },
  { path: '/v1/drain', method: 'POST', token: '0'.repeat(64) },
]

/** How much longer than planned a round may last until all is sent. */
const overtime = 1.5

/** Remembered by each client, for looking and for sending again. */
const memory = 400

/** Resolves when all is sent, and answered or given up. */
export async function runLoad(options: LoadOptions, clients = 4): Promise<void> {
  const { tasks, seconds, random } = options
  const begun = performance.now()
  let sent = 0
  /** Waits until there is something to send; none after the end. */
  const quota = async (wanted: number): Promise<number> => {
    for (;;) {
      const part = (performance.now() - begun) / 1000 / seconds
      if (sent >= tasks || part > overtime) return 0
      if (sent < part * tasks) break
      await sleep(10)
    }
    const granted = Math.min(wanted, tasks - sent)
    sent += granted
    return granted
  }
  const all = Array.from({ length: clients }, () => live(options, random.fork(), quota))
  await Promise.all(all)
}

async function live(
  { client, nodes, tasks }: LoadOptions,
  random: Random,
  quota: (wanted: number) => Promise<number>,
): Promise<void> {
  const mine: Acknowledged[] = []
  const largest = Math.max(20, Math.min(1200, Math.floor(tasks / 20)))
  let newest: Acknowledged | undefined
  let isOver = false

  const make = async (wanted: number): Promise<MadeTask[]> => {
    const length = await quota(wanted)
    if (length === 0) isOver = true
    return Array.from({ length }, () => makeTask(random, Date.now()))
  }

  function remember(node: string, made: MadeTask[]): void {
    newest = { node, task: random.pick(made) }
    for (const task of made) {
      if (mine.length < memory) mine.push({ node, task })
      else mine[random.whole(0, memory - 1)] = { node, task }
    }
  }

  /** The same tasks to the same node, until it has answered; sometimes never again. */
  async function send(node: string, made: MadeTask[], alone: boolean, before?: Told) {
    let told = before
    while (told !== 'acknowledged') {
      if (told && random.chance(0.1)) return
      if (told) await sleep(random.whole(20, 300))
      told = await client.enqueue(node, made, alone)
    }
    remember(node, made)
  }

  const acts: Record<keyof typeof habits, () => Promise<void>> = {
    async enqueueOne() {
      const made = await make(1)
      if (made.length > 0) await send(random.pick(nodes()), made, true)
    },
    async enqueueMany() {
      const made = await make(random.magnitude(2, largest))
      if (made.length > 0) await send(random.pick(nodes()), made, false)
    },
    async hangUp() {
      const alone = random.chance(0.5)
      const made = await make(alone ? 1 : random.magnitude(2, 200))
      if (made.length === 0) return
      const node = random.pick(nodes())
      await client.enqueuePart(node, made, alone, random.next())
      if (random.chance(0.5)) await send(node, made, alone, 'unheard')
    },
    async again() {
      const { node, task } = random.pick(mine)
      await client.enqueue(node, [task], random.chance(0.5))
    },
    async impostor() {
      const { node, task } = random.pick(mine)
      const other = { ...task, iterations: task.iterations + 1 }
      await client.enqueue(node, [other], random.chance(0.5))
    },
    async lookup() {
      const { node } = random.pick(mine)
      const ids = mine.filter((one) => one.node === node).map(({ task }) => task.id)
      await client.lookup(node, ids)
    },
    results: () => client.results(random.pick(nodes()), random.magnitude(1, 2000)),
    pull: () => client.pull(random.pick(nodes()), random.magnitude(1, 1000)),
    async cancel() {
      if (newest) await client.cancel(newest.node, newest.task.id)
    },
    async intrude() {
      const { path, ...asking } = random.pick(intrusions)
      await client.intrude(random.pick(nodes()), path, asking)
    },
  }

  while (!isOver) {
    const habit = mine.length === 0 ? 'enqueueOne' : random.weighted(habits)
    await acts[habit]()
  }
}
