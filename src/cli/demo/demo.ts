/** `tm demo`: the whole life of a cluster on this machine, in a folder of its own, checked on the way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../../core/errors.ts'
import { withDefaults } from '../../core/settings.ts'
import { describeHealth, gatherHealth } from '../health.ts'
import { downLocal } from '../local/down.ts'
import { type Launcher, providerOf } from '../local/machines.ts'
import { upLocal } from '../local/up.ts'
import { nodesOf } from '../nodes.ts'
import { number, type Reporter } from '../progress.ts'
import { type Saved, savedCluster } from '../saved.ts'
import { enqueueFiles } from '../tasks/enqueue.ts'
import { markPulled } from '../tasks/pull.ts'
import { waitForTasks } from '../tasks/wait.ts'
import { type DemoBatch, makeFiles } from './files.ts'
import { narrate } from './narrate.ts'
import { expectedResult } from './verify.ts'

export interface DemoResult {
  tasks: number
  correct: number
  /** Processes of the cluster after it was taken down. */
  remaining: number
}

export interface DemoOptions {
  launcher: Launcher
  reporter: Reporter
  print: (text: string) => void
  /** Ends the demo early; the cluster is taken down all the same. */
  signal: AbortSignal
}

/** Impatient, so that a minute shows what an afternoon would. Milliseconds. */
const settings = { maxWorkers: 3, scaleAfter: 200, idleTimeout: 1500, tick: 100 }

export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tm-demo-'))
  const saved = savedCluster(folder, 'demo')
  const env = { ...options.launcher.env, TM_DATA_DIR: folder }
  const launcher = { ...options.launcher, env }
  const { reporter } = options
  try {
    const ended = new Promise<never>((_, reject) => {
      const end = () => reject(new TmError('failed', 'The demo was interrupted'))
      options.signal.addEventListener('abort', end)
    })
    const { tasks, correct } = await Promise.race([ended, live({ ...options, launcher }, saved)])
    await takeDown(saved, launcher, reporter)
    const remaining = (await providerOf(saved, launcher).list()).length
    return { tasks, correct, remaining }
  } finally {
    await takeDown(saved, launcher, reporter)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function live({ launcher, reporter, print }: DemoOptions, saved: Saved) {
  reporter.say('A cluster of two nodes on this machine:')
  await upLocal({
    saved,
    launcher,
    nodes: 2,
    settings,
    restore: [],
    reporter,
  })
  const story = narrate(saved, reporter.say)
  try {
    const batches = await reporter.step('files', async (note) => {
      const made = makeFiles(saved.path('files'))
      note('200 files, text and binary, 0 bytes to 5 MiB')
      return made
    })
    const tasks: DemoTask[] = []
    for (const batch of batches) tasks.push(...(await enqueue(saved, batch, reporter)))
    const nodes = nodesOf(saved)
    const machines = await providerOf(saved, launcher).list()
    print(describeHealth(await gatherHealth(saved.name, nodes, machines), Date.now()))
    const correct = await checkAll(saved, tasks, reporter)
    await reporter.step('idle workers leave', async () => await allLeft(saved))
    return { tasks: tasks.length, correct }
  } finally {
    story.stop()
  }
}

interface DemoTask {
  id: string
  file: string
  iterations: number
  result: string | undefined
}

/** Sends a batch and waits until it is done. */
async function enqueue(saved: Saved, batch: DemoBatch, reporter: Reporter): Promise<DemoTask[]> {
  const { iterations, files, oneNode } = batch
  const times = iterations === 1 ? '1 iteration' : `${number(iterations)} iterations`
  const all = nodesOf(saved)
  const nodes = oneNode ? all.slice(0, 1) : all
  const sending = reporter.count(
    `enqueued at ${nodes.map(({ id }) => id).join(', ')}:`,
    files.length,
  )
  const { tasks, errors } = await enqueueFiles({
    files,
    iterations,
    nodes,
    maxBody: withDefaults().maxBody,
    onSending: () => {},
    onId: () => {},
    onBad: (_, { message }) => reporter.say(message),
    onDone: sending.set,
    onWarning: reporter.say,
  })
  sending.end(errors.length === 0)
  const working = reporter.count(`done with ${times} each:`, tasks.length)
  const ids = tasks.map(({ id }) => id)
  const onWarning = reporter.say
  const done = await waitForTasks({ ids, nodes: all, onProgress: working.set, onWarning })
  working.end()
  return tasks.map((task, index) => ({ ...task, iterations, result: done[index]?.result }))
}

/** Throws when any result is missing or wrong. */
async function checkAll(saved: Saved, tasks: DemoTask[], reporter: Reporter): Promise<number> {
  const checking = reporter.count('equal to node:crypto:', tasks.length)
  let checked = 0
  for (const { file, iterations, result } of tasks) {
    if (result !== (await expectedResult(file, iterations))) {
      checking.end(false)
      throw new TmError('failed', `The result of ${basename(file)} is wrong: ${result}`)
    }
    checked += 1
    checking.set(checked)
    // Computing what is expected holds the event loop; the story goes on in between.
    await sleep(0)
  }
  checking.end()
  await markPulled(
    nodesOf(saved),
    tasks.map(({ id }) => id),
  )
  return checked
}

async function allLeft(saved: Saved): Promise<void> {
  const end = performance.now() + 20_000
  for (;;) {
    const states = await Promise.all(nodesOf(saved).map(({ client }) => client.state()))
    if (states.every(({ workers }) => workers.length === 0)) return
    if (performance.now() > end) throw new TmError('failed', 'Idle workers did not leave')
    await sleep(100)
  }
}

async function takeDown(saved: Saved, launcher: Launcher, reporter: Reporter): Promise<void> {
  if (!saved.exists()) return
  await downLocal({ saved, launcher, keepData: false, confirm: async () => true, reporter })
}
