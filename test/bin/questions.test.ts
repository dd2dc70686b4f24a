/**
 * A question on a real terminal that is not answered: nothing is done, one line says so, the terminal is
 * as it was, and the process ends by the signal. Each row is a command and a way to leave it.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { type Standin, startStandin } from '../aws/standin.ts'
import { bin, endAll, ourPath, runTm } from './tm.ts'

const noTerminal = ['script', 'stty'].every(
  (name) => spawnSync('which', [name], { stdio: 'ignore' }).status === 0,
)
  ? undefined
  : 'there is no script(1) or stty(1)'

let dataDir: string
let standin: Standin
beforeAll(async () => {
  standin = await startStandin()
})
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-questions-'))
})
afterEach(() => {
  endAll()
  rmSync(dataDir, { recursive: true })
})
afterAll(() => standin.stop())

/** One that would be lost: its node does not answer. */
function makeLocalCluster(): void {
  const state = clusterState(dataDir, 'default')
  state.create()
  const nodes = [{ id: 'node-1', url: 'http://127.0.0.1:9' }]
  state.write({ cluster: 'default', provider: 'local', nodes, createdAt: 0 })
}

interface Row {
  argv: string[]
  question: string
  before?: () => void
}

const rows: Row[] = [
  { argv: ['down'], question: 'Continue?', before: makeLocalCluster },
  { argv: ['up', '--allow-cidr', '203.0.113.7'], question: 'Create it?' },
  { argv: ['up', '--allow-cidr', '203.0.113.7', '--ttl', '1h'], question: 'Create it?' },
]

/** A key, or a signal from elsewhere; and how a shell sees the end. */
const ways: [string, string, number][] = [
  ['Ctrl-C', '\x03', 130],
  ['Ctrl-D', '\x04', 1],
  ['SIGINT', 'SIGINT', 130],
  ['SIGTERM', 'SIGTERM', 143],
  ['SIGHUP', 'SIGHUP', 129],
]

/** Leaves the question in this way, on a terminal; then a shell looks at the terminal. */
async function leave({ argv, question }: Row, way: string) {
  const quoted = [process.execPath, bin, ...argv].map((word) => `'${word}'`).join(' ')
  const line = `stty cols 80; sh -c 'echo pid=$$; exec "$0" "$@"' ${quoted}; echo code=$?; stty -a`
  let seen = ''
  let left = false
  const { stdout } = await runTm([], {
    command: ['script', '-qefc', line, '/dev/null'],
    env: {
      ...{ PATH: ourPath, TM_DATA_DIR: dataDir, TERM: 'xterm', ...standin.env },
      ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    onStart: (child) =>
      child.stdout?.on('data', (text) => {
        seen += text
        if (left || !seen.includes(question)) return
        left = true
        const pid = Number(/pid=(\d+)/.exec(seen)?.[1])
        if (way.startsWith('SIG')) process.kill(pid, way as NodeJS.Signals)
        else child.stdin?.write(way)
      }),
  })
  const [shown = '', after = ''] = stdout.split('code=')
  return { shown, code: Number.parseInt(after, 10), terminal: after }
}

for (const [name, way, expected] of ways) {
  it.for(rows)(`${name} at the question of tm $argv`, async (row, context) => {
    if (noTerminal) context.skip(`NOT TESTED: ${noTerminal}`)
    row.before?.()
    const { shown, code, terminal } = await leave(row, way)
    expect(code, shown).toBe(expected)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal gets them.
    const lines = shown.replace(/\x1b\[[?\d;]*[a-zA-Z]/g, '').split(/\r?\n/)
    const said = lines.slice(lines.findLastIndex((text) => text.includes(row.question)) + 1)
    expect(said.filter((text) => /Error|Interrupted|Warning|→/.test(text))).toEqual([
      'Error: Nothing was done: the question was not answered',
    ])
    // Keys are lines again and shown, and the cursor is back.
    expect(terminal).toMatch(/(?<!-)\bicanon\b/)
    expect(terminal).toMatch(/(?<!-)\becho\b/)
    expect(shown.lastIndexOf('\x1b[?25h')).toBeGreaterThanOrEqual(shown.lastIndexOf('\x1b[?25l'))
    expect(standin.leftovers()).toEqual([])
    expect(clusterState(dataDir, 'default').exists()).toBe(row.before !== undefined)
  })
}
