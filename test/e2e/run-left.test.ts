/** Commands whose worker was killed, and with it the process that would have ended them: `tm down` does. */
import { readFileSync, rmSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { type Box, type Cluster, it, send, until } from './harness.ts'

const quick = ['--nodes', '1', '--max-workers', '1', '--tick', '50ms', '--scale-after', '100ms']

/** Numbers that no other process here sleeps for. */
const running = async (box: Box, seconds: string) =>
  (await box.processes()).filter(({ command }) => command.includes(`sleep ${seconds}`))

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)

/** A command, and processes of it in another group and without its variables' names in their arguments. */
async function startCommand(cluster: Cluster, box: Box, seconds: string): Promise<void> {
  await cluster.up(...quick)
  const line = `setsid sh -c 'trap "" TERM; sleep ${seconds}; true' & sleep ${seconds}`
  await cluster.tm(['run', '--times', '1', '--detach', line])
  await until('it runs', async () => (await running(box, seconds)).length >= 3)
}

/** The process that starts commands can't react: it is stopped first. */
async function killWorker(cluster: Cluster): Promise<void> {
  const [worker] = await cluster.processes('worker')
  if (!worker) throw new Error('there is no worker')
  const spawners = childrenOf(worker.pid)
  for (const pid of spawners) send(pid, 'SIGSTOP')
  for (const pid of [worker.pid, ...spawners]) send(pid, 'SIGKILL')
  await until('the worker is gone', async () =>
    (await cluster.processes('worker')).every(({ pid }) => pid !== worker.pid),
  )
}

describe('tm down', { timeout: 120_000 }, () => {
  it('ends commands that outlived their worker, and says so', async ({ box }) => {
    const [cluster, other] = [box.cluster('e2e-left'), box.cluster('e2e-left-other')]
    await startCommand(cluster, box, '7601')
    await startCommand(other, box, '7602')
    await killWorker(cluster)
    expect((await running(box, '7601')).length).toBeGreaterThanOrEqual(3)
    const { code, stderr } = await cluster.tm(['down', '--yes'])
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/commands ended that outlived their worker: .*sleep 7601/)
    expect(await running(box, '7601')).toEqual([])
    // Those of another cluster are none of its business.
    expect((await running(box, '7602')).length).toBeGreaterThanOrEqual(3)
  })

  it('finds them without anything else of the cluster', async ({ box }) => {
    const cluster = box.cluster('e2e-left-alone')
    await startCommand(cluster, box, '7603')
    for (const { pid } of await cluster.processes('node')) send(pid, 'SIGKILL')
    await killWorker(cluster)
    rmSync(cluster.folder, { recursive: true })
    const { removed, remaining } = await cluster.down()
    expect(removed.map(({ kind }) => kind)).toContain('command')
    expect(remaining).toEqual([])
    expect(await running(box, '7603')).toEqual([])
    expect((await cluster.tm(['down', '--yes'])).stderr).toContain('Nothing is left of cluster')
  })
})
