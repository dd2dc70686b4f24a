/**
 * Ctrl-C, SIGTERM and SIGHUP: one line that says what goes on and how to come back, then the process
 * ends by that signal. And signals that whoever started it wants it to ignore.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest'
import { type Answers, type StubNode, stubNode } from './stub-node.ts'
import { bin, endAll, ourPath, type Run, root, runTm } from './tm.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

let dataDir: string
let node: StubNode
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-signals-'))
  node = await stubNode(dataDir)
  writeFileSync(join(dataDir, 'file'), 'x')
})
beforeEach(() => node.save())
afterEach(endAll)
afterAll(() => {
  node.close()
  rmSync(dataDir, { recursive: true })
})

const env = () => ({ PATH: ourPath, TM_DATA_DIR: dataDir })

const settings = () => ({ json: { maxBody: 1000 } })
const accepted = () => ({ json: { tasks: [] } })

/** Sends the signal as soon as the command waits for the node. */
async function interrupted(argv: string[], answers: Answers, signal: NodeJS.Signals): Promise<Run> {
  const onStart = (child: { kill(name: NodeJS.Signals): void }) =>
    node.answer(answers, () => child.kill(signal))
  return await runTm(argv, { env: env(), onStart })
}

interface Row {
  argv: string
  answers?: Answers
  told: string
}

const rows: Row[] = [
  { argv: 'pull', told: 'Interrupted. The nodes keep all results. Again: tm pull\n' },
  {
    argv: `wait ${id}`,
    told: 'Interrupted. The tasks go on. Come back: tm wait ID… with the same ids\n',
  },
  {
    argv: 'enqueue -n 1 FILE',
    answers: { 'GET /v1/settings': settings },
    told: 'Interrupted. 0 of 1 files are enqueued, and their tasks go on. The rest: tm enqueue --resume …\n',
  },
  {
    argv: 'enqueue -n 1 --wait FILE',
    answers: { 'GET /v1/settings': settings, 'POST /v1/tasks': accepted },
    told: 'Interrupted. The tasks go on. Wait for them again: tm enqueue --wait --resume …\n',
  },
  {
    argv: 'down',
    told: 'Interrupted. Some of the cluster may still run. Continue: tm down --yes\n',
  },
  {
    argv: 'rotate-tokens',
    told: 'Interrupted. Nodes may still accept the old tokens. Complete it: tm rotate-tokens\n',
  },
  {
    argv: 'backup --to FOLDER',
    told: `Error: Interrupted; 0 backups are complete, the one under way was removed
  → Back up all nodes: tm backup
`,
  },
  { argv: 'health', told: '' },
  { argv: `status ${id}`, told: '' },
]

describe.each(signals)('%s', (signal) => {
  it.each(rows)('ends tm $argv, which says what goes on', async ({ argv, answers = {}, told }) => {
    const words = argv.replace('FILE', join(dataDir, 'file')).replace('FOLDER', dataDir).split(' ')
    const run = await interrupted(words, answers, signal)
    expect({ signal: run.signal, stdout: run.stdout }).toEqual({ signal, stdout: '' })
    const lines = run.stderr.split('\n').filter((line) => !/^[✔✖]/.test(line))
    expect(lines.join('\n')).toBe(told)
  })
})

const noTerminal = ['script', 'stty'].every(
  (name) => spawnSync('which', [name], { stdio: 'ignore' }).status === 0,
)
  ? undefined
  : 'there is no script(1) or stty(1)'

it('on a terminal: the last line is the last, and the cursor is back', async (context) => {
  if (noTerminal) context.skip(`NOT TESTED: ${noTerminal}`)
  // A terminal without a width is not drawn on.
  const line = `stty cols 80; exec '${process.execPath}' '${bin}' wait ${id}`
  const { stdout } = await runTm([], {
    command: ['script', '-qefc', line, '/dev/null'],
    env: { ...env(), TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'pipe'],
    onStart: (child) => node.answer({}, () => child.stdin?.write('\x03')),
  })
  const told = 'Interrupted. The tasks go on. Come back: tm wait ID… with the same ids\r\n'
  expect(stdout.endsWith(told)).toBe(true)
  expect(stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\x1b[?25l'))
})

it('ends tm up --local, which says how to complete or remove what has started', async () => {
  const own = mkdtempSync(join(tmpdir(), 'tm-signals-up-'))
  const options = { env: { PATH: ourPath, TM_DATA_DIR: own } }
  try {
    const { stderr, signal } = await runTm(['up', '--local', '--nodes', '1'], {
      ...options,
      onStart: (child) => child.stderr?.once('data', () => child.kill('SIGINT')),
    })
    expect(signal).toBe('SIGINT')
    expect(stderr).toContain(
      'Interrupted. What has started goes on running. Complete it: tm up --local; remove it: tm down\n',
    )
  } finally {
    expect((await runTm(['down', '--yes'], options)).exitCode).toBe(0)
    rmSync(own, { recursive: true })
  }
})

describe('a signal that is ignored when tm starts', () => {
  const ignoring: [NodeJS.Signals, string[]][] = [
    ['SIGHUP', ['nohup', bin]],
    ['SIGHUP', ['sh', '-c', 'trap "" HUP; "$@"', '-', bin]],
    ['SIGINT', ['sh', '-c', 'trap "" INT; exec "$@"', '-', bin]],
    ['SIGTERM', ['sh', '-c', 'trap "" TERM; exec "$@"', '-', bin]],
  ]
  it.each(ignoring)('%s stays ignored: %j', async (name, command) => {
    let looks = 0
    const { stdout, exitCode } = await runTm(['wait', id], {
      env: env(),
      command,
      onStart: (child) =>
        node.answer({
          'POST /v1/tasks/lookup': () => {
            looks += 1
            if (looks === 1) child.kill(name)
            const state = looks < 3 ? 'running' : 'succeeded'
            return { json: { tasks: [{ id, state, result: 'ab', attempts: 1, completedAt: 1 }] } }
          },
          'POST /v1/results/pulled': () => ({ json: {} }),
        }),
    })
    expect(stdout).toContain('ab')
    expect({ exitCode, looks }).toEqual({ exitCode: 0, looks: 3 })
  })
})

describe('the same signal again', () => {
  const program = `
    import { onStopSignal } from ${JSON.stringify(`${root}/src/runtime/signals.ts`)}
    onStopSignal((name) => console.log(name))
    setInterval(() => {}, 1000)
    process.once('SIGUSR2', () => {
      process.emit('SIGINT', 'SIGINT')
      process.emit('SIGINT', 'SIGINT')
      console.log('alive')
    })
    console.log('ready')`

  it('ends the process at once, but not if it only arrives twice', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program])
    onTestFinished(() => void child.kill('SIGKILL'))
    const seen: string[] = []
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    for await (const data of child.stdout) {
      seen.push(...String(data).trim().split('\n'))
      if (seen.at(-1) === 'ready') child.kill('SIGUSR2')
      if (seen.at(-1) === 'alive') {
        await sleep(150)
        child.kill('SIGINT')
      }
    }
    expect(await ended).toBe('SIGINT')
    expect(seen).toEqual(['ready', 'SIGINT', 'alive'])
  })
})
