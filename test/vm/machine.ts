/**
 * A machine with a kernel of its own, for what this one's kernel may not have or allow: User-mode Linux, an ordinary
 * process without special rights. It sees the files of this machine, read-only, and runs one test file.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const kernel = 'linux.uml'

/** Whether this process is in such a machine. */
export const isInside = process.env.TM_VM === 'inside'

/** Why there can be no machine here, if so. */
export function whyNoMachine(): string | undefined {
  if (process.platform !== 'linux') return 'It needs Linux.'
  const found = spawnSync('sh', ['-c', `command -v ${kernel} && command -v setpriv`])
  if (found.status !== 0) return `It needs the kernel ${kernel}: apt-get install user-mode-linux.`
  return undefined
}

export interface Report {
  passed: string[]
  /** What did not pass, with all that it says. */
  failed: string[]
}

/** Runs a test file as a user with this number, in a control group that the user may divide. */
export async function runInMachine(file: string, user: number, withinMs: number): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'tm-vm-'))
  try {
    return reportIn(await boot({ file, user, folder, withinMs }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Boot {
  file: string
  user: number
  folder: string
  withinMs: number
}

/** Resolves to all that is on the console. */
async function boot({ file, user, folder, withinMs }: Boot): Promise<string> {
  const inside = { TM_VM: 'inside', TM_ROOT: root, TM_USER: user, TM_FILE: file }
  const variables = Object.entries(inside).map(([name, value]) => `${name}=${value}`)
  const files = ['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro']
  const init = `init=${join(root, 'test/vm/guest/init.sh')}`
  const console = ['quiet', 'con=null', 'con0=null,fd:1']
  const machine = spawn(
    kernel,
    ['mem=1G', `uml_dir=${folder}`, ...files, init, ...console, ...variables],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, TMPDIR: folder },
    },
  )
  const end = () => process.kill(-(machine.pid as number), 'SIGKILL')
  const timer = setTimeout(end, withinMs)
  let text = ''
  for (const stream of [machine.stdout, machine.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  }
  await new Promise((done, fail) => machine.once('close', done).once('error', fail))
  clearTimeout(timer)
  return text
}

interface Assertion {
  status: string
  fullName: string
  failureMessages: string[]
}

/** Throws, with all that the machine has said, if it did not get that far. */
function reportIn(text: string): Report {
  const [, json = ''] = /TM_REPORT\r?\n(.*?)\r?\nTM_END/s.exec(text) ?? []
  if (!json.startsWith('{')) throw new Error(`no report:\n${text}`)
  const { testResults } = JSON.parse(json) as {
    testResults: { message: string; assertionResults: Assertion[] }[]
  }
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  const [passed, failed] = [true, false].map((wanted) =>
    all.filter(({ status }) => (status === 'passed') === wanted),
  ) as [Assertion[], Assertion[]]
  return {
    passed: passed.map(({ fullName }) => fullName),
    failed: [
      ...failed.map((one) => [one.fullName, one.status, ...one.failureMessages].join('\n')),
      ...testResults.flatMap(({ message }) => (message === '' ? [] : [message])),
    ],
  }
}
