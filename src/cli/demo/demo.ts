/** `tm demo`: runs a local cluster in a temporary folder from up to down, and checks each step. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { withDefaults } from '../../core/settings.ts'
import type { Work } from '../../core/task.ts'
import { describeWork } from '../../kinds/kinds.ts'
import { repetitions } from '../../kinds/sha512/sha512.ts'
import { localDriver } from '../../provider/local/cluster/driver.ts'
import { type Launcher, providerOf } from '../../provider/local/cluster/machines.ts'
import { until } from '../../runtime/until.ts'
import { nodesOf } from '../../state/cluster-nodes.ts'
import { type ClusterState, clusterState } from '../../state/cluster-state.ts'
import { downCluster } from '../cluster/down.ts'
import { upCluster } from '../cluster/up.ts'
import { describeHealth, gatherHealth } from '../output/health.ts'
import { enqueueFiles } from '../tasks/enqueue.ts'
import { markPulled } from '../tasks/pull.ts'
import { waitForTasks } from '../tasks/wait.ts'
import { runCommand } from './command.ts'
import { type DemoBatch, makeFiles } from './files.ts'
import { narrate } from './narrate.ts'
import { expectedResult } from './verify.ts'

export interface DemoResult {
  tasks: number
  correct: number
  /** Files that commands left, all of them as they must be. */
  outputs: number
  /** How many processes of the cluster are left after it was removed. */
  remaining: number
}

export interface DemoOptions {
  launcher: Launcher
  reporter: Reporter
  print: (text: string) => void
  /** Ends the demo early. The cluster is still removed. */
  signal: AbortSignal
}

/** For so many files. */
const commands = 40

/** In milliseconds; short, so that a minute shows what usually takes an afternoon. */
const settings = { maxWorkers: 3, scaleAfter: 200, idleTimeout: 1500, tick: 100 }

export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tm-demo-'))
  const state = clusterState(folder, 'demo')
  const env = { ...options.launcher.env, TM_DATA_DIR: folder }
  const launcher = { ...options.launcher, env }
  const { reporter } = options
  try {
    const ended = new Promise<never>((_, reject) => {
      const end = () => reject(new TmError('failed', 'The demo was interrupted'))
      options.signal.addEventListener('abort', end)
    })
    const done = await Promise.race([
      ended,
      live({ ...options, launcher, files: join(folder, 'files') }, state),
    ])
    await takeDown(state, launcher, reporter)
    const remaining = (await providerOf(state, launcher).list()).length
    return { ...done, remaining }
  } finally {
    await takeDown(state, launcher, reporter)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function live(
  { launcher, reporter, print, files }: DemoOptions & { files: string },
  state: ClusterState,
) {
  reporter.say('A cluster of two nodes on this machine:')
  const driver = localDriver({ state, launcher, reporter })
  const wanted = { nodes: 2, choices: { settings } }
  const free = { dryRun: false, confirm: async () => undefined }
  await driver.up((builder) =>
    upCluster(builder, { cluster: state.name, wanted, restore: [], reporter, ...free }),
  )
  const story = narrate(state, reporter.say)
  try {
    const batches = await reporter.step('files', async (note) => {
      const made = makeFiles(files)
      note('200 files, text and binary, 0 bytes to 5 MiB')
      return made
    })
    const tasks: DemoTask[] = []
    for (const batch of batches) tasks.push(...(await enqueue(state, batch, reporter)))
    const nodes = nodesOf(state)
    const machines = await providerOf(state, launcher).list()
    print(describeHealth(await gatherHealth(state.name, nodes, machines), Date.now()))
    const correct = await checkAll(state, tasks, reporter)
    const texts = tasks.map(({ file }) => file).filter((file) => file.endsWith('.txt'))
    const to = `${files}-compressed`
    const outputs = await runCommand({ state, files: texts.slice(0, commands), to, reporter })
    await reporter.step('idle workers leave', async () => await allLeft(state))
    return { tasks: tasks.length, correct, outputs }
  } finally {
    story.stop()
  }
}

interface DemoTask {
  id: string
  file: string
  work: Work
  result: string | undefined
}

/** Enqueues a batch and waits until it is done. */
async function enqueue(
  state: ClusterState,
  batch: DemoBatch,
  reporter: Reporter,
): Promise<DemoTask[]> {
  const { work, files, oneNode } = batch
  const all = nodesOf(state)
  const nodes = oneNode ? all.slice(0, 1) : all
  const sending = reporter.count(
    `enqueued at ${nodes.map(({ id }) => id).join(', ')}:`,
    files.length,
  )
  const { tasks, errors } = await enqueueFiles({
    sources: files.map((file) => ({ file, work })),
    nodes,
    maxBody: withDefaults().maxBody,
    onSending: () => {},
    onId: () => {},
    onBad: (_, { message }) => reporter.say(message),
    onDone: sending.set,
    onWarning: reporter.say,
  })
  sending.end(errors.length === 0)
  const working = reporter.count(`done with ${describeWork(work)} each:`, tasks.length)
  const ids = tasks.map(({ id }) => id)
  const onWarning = reporter.say
  const done = await waitForTasks({ ids, nodes: () => all, onProgress: working.set, onWarning })
  working.end()
  return tasks.map((task, index) => ({ ...task, work, result: done[index]?.result }))
}

/** Throws if any result is missing or wrong. */
async function checkAll(
  state: ClusterState,
  tasks: DemoTask[],
  reporter: Reporter,
): Promise<number> {
  const checking = reporter.count('equal to node:crypto:', tasks.length)
  let checked = 0
  for (const { file, work, result } of tasks) {
    if (result !== (await expectedResult(file, repetitions(work)))) {
      checking.end(false)
      throw new TmError('failed', `The result of ${basename(file)} is wrong: ${result}`)
    }
    checked += 1
    checking.set(checked)
    // Computing the expected result blocks the event loop: let the narration continue.
    await sleep(0)
  }
  checking.end()
  await markPulled(
    nodesOf(state),
    tasks.map(({ id }) => id),
  )
  return checked
}

async function allLeft(state: ClusterState): Promise<void> {
  const nodes = nodesOf(state)
  const none = async () => {
    const states = await Promise.all(nodes.map(({ client }) => client.getState()))
    return states.every(({ workers }) => workers.length === 0)
  }
  if (await until(none, { withinMs: 20_000, pauseMs: 100 })) return
  throw new TmError('failed', 'Idle workers did not leave')
}

async function takeDown(
  state: ClusterState,
  launcher: Launcher,
  reporter: Reporter,
): Promise<void> {
  if (!state.exists()) return
  const options = { cluster: state.name, keepData: false, confirm: async () => true, reporter }
  const onFound = () => {}
  const driver = localDriver({ state, launcher, reporter })
  await driver.down((remover) => downCluster(remover, { ...options, onFound }))
}
