/**
 * One identity of a cluster: its folder however it is named, its processes where they are; and what
 * its processes take with them from the shell that started them, which is nothing.
 */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import { packSha512 } from '../support/sha512-task.ts'
import { type Box, type Cluster, it, send, tmFile, until } from './harness.ts'
import { endless } from './work.ts'

const alone = ['--nodes', '1', '--max-workers', '1']

/** In a shell of the test's own: `tm` stands for the command. */
async function shell(box: Box, script: string, env: Record<string, string> = {}) {
  const tm = `tm() { "${process.execPath}" "${tmFile}" "$@"; }\n`
  return await box.start(['bash', '-c', tm + script], { ...env }).ended
}

const pidsOf = async (cluster: Cluster) => (await cluster.processes()).map(({ pid }) => pid).sort()

describe('the folder of a cluster', () => {
  it('is one, however it is named', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('named')
    symlinkSync(box.dataDir, join(box.dataDir, 'link'))
    mkdirSync(join(box.dataDir, 'b'))
    const at = (folder: string, dataDir: string) => ({
      TM_CLUSTER: 'named',
      TM_DATA_DIR: dataDir,
      at: folder,
    })
    const relative = at(box.dataDir, '.')
    const up = await shell(box, `cd "$at" && tm up --local ${alone.join(' ')}`, relative)
    expect(up, up.stderr).toMatchObject({ code: 0 })
    const running = await pidsOf(cluster)
    expect(running).toHaveLength(1)

    const linked = await shell(box, 'tm up --local', at('', join(box.dataDir, 'link')))
    expect(linked, linked.stderr).toMatchObject({ code: 0 })
    expect(await pidsOf(cluster)).toEqual(running)

    // The same words in another folder name another folder.
    const other = await shell(box, 'cd "$at" && tm down --yes', at(join(box.dataDir, 'b'), '.'))
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('No cluster named named')
    expect(await pidsOf(cluster)).toEqual(running)

    const down = await shell(
      box,
      'cd "$at" && tm down --yes',
      at(join(box.dataDir, 'link'), './link'),
    )
    expect(down, down.stderr).toMatchObject({ code: 0 })
    expect(await pidsOf(cluster)).toEqual([])
  })

  it('keeps the files of others, and down says so', { timeout: 60_000 }, async ({ box }) => {
    const cluster = box.cluster('shared')
    await cluster.up(...alone)
    writeFileSync(join(cluster.folder, 'notes.txt'), 'mine')
    const { code, stderr } = await cluster.tm(['down', '--yes'])
    expect(code).toBe(0)
    expect(stderr).toContain(`Left in ${cluster.folder}, because tm did not make it: notes.txt\n`)
    expect(readdirSync(cluster.folder)).toEqual(['notes.txt'])
    expect((await cluster.tm(['list'])).stdout).toBe('')
    expect(await cluster.tm(['down', '--yes'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Nothing is left of cluster shared.\n'),
    })
  })
})

describe('the processes of a cluster', () => {
  it('are left alone from another process namespace', { timeout: 120_000 }, async ({
    box,
    skip,
  }) => {
    const inside = ['unshare', '--net', '--pid', '--fork', '--mount-proc']
    if (spawnSync(inside[0] as string, [...inside.slice(1), 'true']).status !== 0) {
      skip('NOT TESTED: no process namespaces here')
    }
    const cluster = box.cluster('there')
    await cluster.up(...alone)
    const running = await pidsOf(cluster)
    for (const command of ['down --yes', 'up --local', 'health', 'list', 'pull']) {
      const script = `ip link set lo up; tm ${command}`
      const tm = `tm() { "${process.execPath}" "${tmFile}" "$@"; }\n`
      const program = [...inside, 'bash', '-c', tm + script]
      const ran = await box.start(program, { TM_CLUSTER: 'there' }).ended
      expect(ran.code, command).toBe(1)
      expect(ran.stderr, command).toContain('Cluster there runs in another process namespace')
    }
    expect(await pidsOf(cluster)).toEqual(running)
    expect(existsSync(join(cluster.folder, 'nodes/node-1/queue.db'))).toBe(true)
    expect((await cluster.health()).healthy).toBe(true)

    // Where /proc shows the numbers of other processes than those that a signal would reach.
    const blind = ['unshare', '--pid', '--fork', process.execPath, tmFile, 'down', '--yes']
    const ran = await box.start(blind, { TM_CLUSTER: 'new' }).ended
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('/proc does not show the processes of this process namespace')

    // Even a node whose record is gone is not robbed of its data.
    const program = [...inside.filter((word) => word !== '--net'), 'bash', '-c']
    const script = `rm "${cluster.folder}/cluster.json"; "${process.execPath}" "${tmFile}" down --yes`
    const hidden = await box.start([...program, script], { TM_CLUSTER: 'there' }).ended
    expect(hidden.code).toBe(1)
    expect(hidden.stderr).toContain('node-1 still runs, at http://127.0.0.1:')
    expect(await pidsOf(cluster)).toEqual(running)
    expect(existsSync(join(cluster.folder, 'nodes/node-1/queue.db'))).toBe(true)
  })

  it('are gone with their container, and up starts them in the next', { timeout: 120_000 }, async ({
    box,
    skip,
  }) => {
    const inside = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', 'bash', '-c']
    if (spawnSync(inside[0] as string, [...inside.slice(1), 'true']).status !== 0) {
      skip('NOT TESTED: no process namespaces here')
    }
    const cluster = box.cluster('anew')
    const env = { TM_CLUSTER: 'anew' }
    const tm = `tm() { "${process.execPath}" "${tmFile}" "$@"; }\n`
    // When the first process of a namespace ends, so do all others.
    for (const life of [1, 2]) {
      const ran = await box.start([...inside, `${tm}tm up --local ${alone.join(' ')}`], env).ended
      expect(ran, `life ${life}: ${ran.stderr}`).toMatchObject({ code: 0 })
      await until('all have ended', async () => (await box.processes()).length === 0)
    }
    const list = await box.start([...inside, `${tm}tm list`], env).ended
    expect(list.stdout).toContain('anew\tthis machine\t0\t0')
    expect((await cluster.tm(['down', '--yes'])).code).toBe(0)
  })

  it('inherit no file of the shell', { timeout: 60_000 }, async ({ box, skip }) => {
    if (process.platform !== 'linux') skip('NOT TESTED: only /proc tells what is inherited')
    const cluster = box.cluster('descriptors')
    const lock = box.file('lock', '')
    const script = `exec 9<"${lock}" 200<"${lock}"; tm up --local ${alone.join(' ')}`
    const up = await shell(box, script, { TM_CLUSTER: 'descriptors' })
    expect(up, up.stderr).toMatchObject({ code: 0 })
    await cluster.node('node-1').enqueueTasks({ body: packSha512([{ id: v7(), ...endless }]) })
    await until('a worker works', async () => {
      return (await cluster.node('node-1').getState()).queue.running === 1
    })
    const all = await cluster.processes()
    expect(all.map(({ kind }) => kind).sort()).toEqual(['node', 'worker'])
    for (const { pid } of all) {
      const files = readdirSync(`/proc/${pid}/fd`).map((one) => linkOf(`/proc/${pid}/fd/${one}`))
      expect(files).not.toContain(lock)
    }
  })

  it('work for who may not raise a priority', { timeout: 60_000 }, async ({ box }) => {
    const cluster = box.cluster('nice')
    const mayNot = [
      'setpriv',
      '--inh-caps=-sys_nice',
      '--bounding-set=-sys_nice',
      '--ambient-caps=-sys_nice',
    ]
    const up = ['nice', '-n', '19', process.execPath, tmFile, 'up', '--local', ...alone]
    const program = process.getuid?.() === 0 ? [...mayNot, ...up] : up
    const ran = await box.start(program, { TM_CLUSTER: 'nice' }).ended
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    const { tasks } = await cluster.json<{ tasks: { state: string }[] }>([
      ...['enqueue', '-n', '2', '--wait', box.file('f', 'f')],
    ])
    expect(tasks[0]?.state).toBe('succeeded')
    expect((await cluster.health()).healthy).toBe(true)
  })
})

it('a worker that dies soon after it joined is a failed launch', { timeout: 90_000 }, async ({
  box,
}) => {
  const cluster = box.cluster('dying')
  await cluster.up(...alone, '--tick', '50ms', '--lease', '3s')
  const node = cluster.node('node-1')
  await node.enqueueTasks({
    body: packSha512([
      { id: v7(), ...endless },
      { id: v7(), ...endless },
    ]),
  })
  const killed = new Set<string>()
  while (killed.size < 3) {
    const worker = await until('a worker has joined', async () => {
      const { workers } = await node.getState()
      return workers.find(({ id, state, pid }) => !killed.has(id) && pid && /idle|busy/.test(state))
    })
    killed.add(worker.id)
    appendFileSync(join(cluster.folder, 'workers', worker.id, 'log'), 'Error: out of luck\n')
    send(worker.pid as number, 'SIGKILL')
    const reason = new RegExp(`worker ${worker.id} ended \\d\\.\\d s after it joined: out of luck`)
    const health = await until('it is in health', async () => {
      const seen = await cluster.health(1).catch(() => undefined)
      return seen?.nodes[0]?.problems.some((problem) => reason.test(problem)) && seen
    })
    expect(health.healthy).toBe(false)
  }
  const launches = cluster.log<object>('node-1', 'launching a worker').map(({ time }) => time)
  const pauses = launches.slice(1).map((time, index) => time - (launches[index] as number))
  expect(pauses[0]).toBeGreaterThanOrEqual(1000)
  expect(pauses[1]).toBeGreaterThanOrEqual(2000)
})

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
