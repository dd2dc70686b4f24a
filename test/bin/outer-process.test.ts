/** On an old Node `tm` runs itself again: the outer process is then the inner one, to all around it. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type StubNode, stubNode } from './stub-node.ts'
import {
  bin,
  childrenOf,
  endAll,
  noOldNode,
  ourPath,
  root,
  runTm,
  systemNode,
  systemPath,
} from './tm.ts'

let dataDir: string
let node: StubNode
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-outer-'))
  node = await stubNode(dataDir)
  node.save()
})
afterEach(endAll)
afterAll(() => {
  node.close()
  rmSync(dataDir, { recursive: true })
})

const env = () => ({ PATH: systemPath, TM_DATA_DIR: dataDir })
const oldNode = [systemNode ?? '', bin]

const noNamespace =
  spawnSync('unshare', ['-rpf', 'true']).status === 0
    ? undefined
    : 'this user may not make namespaces'

describe('the outer process', () => {
  it('as the first process of a container reports an inner one that is killed', async (context) => {
    if (noOldNode ?? noNamespace) context.skip(`NOT TESTED: ${noOldNode ?? noNamespace}`)
    const command = ['unshare', '-rpf', '--mount-proc', ...oldNode]
    const { exitCode } = await runTm(['pull'], {
      env: env(),
      command,
      onStart: (child) =>
        node.answer({}, () => {
          const [outer = 0] = childrenOf(child.pid as number)
          for (const pid of childrenOf(outer)) process.kill(pid, 'SIGKILL')
        }),
    })
    expect(exitCode).toBe(137)
  })

  it('that is killed takes the inner one with it', async (context) => {
    if (noOldNode) context.skip(`NOT TESTED: ${noOldNode}`)
    let inner: number[] = []
    const { signal } = await runTm(['pull'], {
      env: env(),
      command: oldNode,
      onStart: (child) =>
        node.answer({}, () => {
          inner = childrenOf(child.pid as number)
          child.kill('SIGKILL')
        }),
    })
    expect(signal).toBe('SIGKILL')
    expect(inner).toHaveLength(1)
    while (inner.some((pid) => existsSync(`/proc/${pid}`))) await sleep(20)
  })

  it('says so when its Node can not be run', async (context) => {
    if (noOldNode) context.skip(`NOT TESTED: ${noOldNode}`)
    const copy = join(dataDir, 'copy')
    const theirs = join(copy, 'node_modules/node/bin/node')
    mkdirSync(join(theirs, '..'), { recursive: true })
    cpSync(`${root}/bin`, `${copy}/bin`, { recursive: true })
    cpSync(`${root}/package.json`, `${copy}/package.json`)
    // As where the system has another C library: the file is there, what loads it is not.
    writeFileSync(theirs, '#!/nowhere/loader\n')
    for (const [mode, code] of [
      [0o644, 'EACCES'],
      [0o755, 'ENOENT'],
    ] as const) {
      chmodSync(theirs, mode)
      const command = [systemNode ?? '', `${copy}/bin/run.js`]
      const { stdout, stderr, exitCode } = await runTm(['--version'], { env: env(), command })
      expect(stderr).toMatch(/^Error: tm needs Node 24 or newer, this is [\d.]+\. /)
      expect(stderr).toContain(`${theirs} can't be run here (${code})`)
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    }
  })
})

describe('files that the shell has opened', () => {
  const starters: [string, string[], string | undefined][] = [
    ['an old Node', oldNode, noOldNode],
    ['Node 24', [process.execPath, bin], undefined],
    ['the file itself', [bin], undefined],
  ]
  it.for(starters)('are read when tm is started by %s', async ([, program, reason], context) => {
    if (reason) context.skip(`NOT TESTED: ${reason}`)
    let sent = 0
    node.answer({
      'GET /v1/settings': () => ({ json: { maxBody: 1000 } }),
      'POST /v1/tasks': () => {
        sent += 1
        return { json: { tasks: [] } }
      },
    })
    const script = '"$@" enqueue -n 1 <(echo one) /dev/fd/11 11< <(echo two)'
    const command = ['bash', '-c', script, '-', ...program]
    const path = reason === undefined && program !== oldNode ? ourPath : systemPath
    const { stdout, stderr, exitCode } = await runTm([], { env: { ...env(), PATH: path }, command })
    expect(stderr).toMatch(/^✔ enqueued 2 of 2/)
    expect(stdout.trim().split('\n')).toHaveLength(2)
    expect(exitCode).toBe(0)
    expect(sent).toBeGreaterThan(0)
  })
})
