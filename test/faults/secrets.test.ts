/**
 * A local cluster lives a whole life, and nothing of it that others could see, or that is kept where
 * it need not be, holds its secret, a token or the MAC of one.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect } from 'vitest'
import { roles, signToken } from '../../src/core/tokens.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { type Box, type Cluster, it, type Ran, until } from '../e2e/harness.ts'

/** All that must not be seen, in every form that it has. */
function secretsOf(box: Box, cluster: Cluster, workers: string[]): string[] {
  const secret = clusterState(box.dataDir, cluster.name).secret()
  const subjects = [cluster.name, 'node-1', 'node-2', ...workers]
  const macs = roles.flatMap((role) =>
    subjects.map((subject) => signToken(secret, { role, subject }).slice(-43)),
  )
  const bytes = Buffer.from(secret)
  return [bytes.toString('hex'), bytes.toString('base64url'), bytes.toString('latin1'), ...macs]
}

const holds = (text: string, secrets: string[]) => secrets.some((secret) => text.includes(secret))
const proc = (pid: number, what: string) => readFileSync(`/proc/${pid}/${what}`, 'latin1')

/** Where each of the cluster's processes shows itself, and what of its memory a core file would hold. */
async function shownBy(cluster: Cluster) {
  const processes = await cluster.processes()
  return processes.map(({ kind, pid }) => ({
    kind,
    text: proc(pid, 'cmdline') + proc(pid, 'environ'),
    core: Number.parseInt(proc(pid, 'coredump_filter'), 16),
  }))
}

/** Listening sockets of a process, as in /proc/net/tcp: hexadecimal address and port. */
function listening(pid: number): string[] {
  const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketOf(pid, fd))
  return ['tcp', 'tcp6'].flatMap((family) =>
    proc(pid, `net/${family}`)
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.includes(`${inode}`))
      .map(([, address = '']) => address.split(':')[0] as string),
  )
}

function socketOf(pid: number, fd: string): string[] {
  try {
    return [`${statSync(`/proc/${pid}/fd/${fd}`).ino}`]
  } catch {
    return []
  }
}

it('nothing shows a secret that need not', { timeout: 120_000 }, async ({ box }) => {
  const cluster = box.cluster('secrets')
  const ran: Ran[] = []
  const tm = async (...args: string[]) => {
    const one = await cluster.tm(args)
    ran.push(one)
    return one
  }
  // New tokens come with a heartbeat, three in a lease.
  await tm('up', '--local', '--nodes', '2', '--max-workers', '1', '--lease', '3s')
  const file = box.file('a', 'hello')
  await tm('enqueue', '--iterations', '3', '--wait', file)
  const workers = (await cluster.processes('worker')).map(({ id }) => id)
  expect(workers).toHaveLength(1)
  const shown = await until('a worker and two nodes', async () => {
    const all = await shownBy(cluster)
    return all.length === 3 && all
  })
  const before = secretsOf(box, cluster, workers)

  expect(shown.filter(({ text }) => holds(text, before))).toEqual([])
  expect(shown.map(({ core }) => core)).toEqual([0, 0, 0])
  for (const { pid } of await cluster.processes('node'))
    expect(listening(pid)).toEqual(['0100007F'])
  for (const { pid } of await cluster.processes('worker')) expect(listening(pid)).toEqual([])

  const token = await cluster.tm(['token'])
  expect(holds(token.stdout, before)).toBe(true)
  const { url } = cluster.node('node-1')
  const answers = await Promise.all(
    [token.stdout.trim(), `${token.stdout.trim()}x`, cluster.workerToken('w1')].flatMap((bearer) =>
      ['/v1/nothing', '/v1/tasks/x', '/v1/state', '/metrics', '/openapi.json'].map(async (path) => {
        const headers = { authorization: `Bearer ${bearer}` }
        const answer = await fetch(url + path, { headers })
        return [...answer.headers].join() + (await answer.text())
      }),
    ),
  )
  expect(answers.filter((answer) => holds(answer, before))).toEqual([])

  await tm('pull', '--json')
  await tm('health')
  await tm('health', '--json')
  await tm('status', 'nothing')
  await tm('backup', '--to', join(box.dataDir, 'backups'))
  await tm('rotate-tokens')
  await tm('down', '--yes', '--keep-data')
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0])
  const after = secretsOf(box, cluster, workers)
  expect(holds(after.join(), before)).toBe(false)
  const secrets = [...before, ...after]
  const said = ran.filter(({ stdout, stderr }) => holds(stdout + stderr, secrets))
  expect(said).toEqual([])

  const files = readdirSync(box.dataDir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(box.dataDir, name))
    .filter((path) => statSync(path).isFile())
  const holding = files.filter((path) => holds(readFileSync(path, 'latin1'), secrets))
  const [worker = ''] = workers
  expect(holding.map((path) => relative(cluster.folder, path)).sort()).toEqual([
    'secret',
    `workers/${worker}/token`,
  ])
  for (const path of holding) expect(statSync(path).mode & 0o777).toBe(0o600)
  for (const folder of ['', 'workers', `workers/${worker}`, 'nodes', 'nodes/node-1']) {
    expect([folder, statSync(join(cluster.folder, folder)).mode & 0o777]).toEqual([folder, 0o700])
  }
  expect(files.filter((path) => statSync(path).mode & 0o077 && path !== file)).toEqual([])
})
