/** Files and folders that all tasks of a job share, on a real cluster of this machine. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunResult } from '../../src/cli/jobs/run.ts'
import { type Box, type Cluster, it } from './harness.ts'

const nodes = ['node-1', 'node-2']
const quick = ['--nodes', '2', '--max-workers', '2', '--tick', '50ms', '--scale-after', '100ms']
const mib = 1024 ** 2

/** A project with a script that reads its own modules, what git ignores, and a model beside it. */
function projectIn(box: Box) {
  const at = (...names: string[]) => join(box.dataDir, 'project', ...names)
  mkdirSync(at('src', 'lib', 'cache'), { recursive: true })
  mkdirSync(at('src', '.git'))
  writeFileSync(at('src', '.git', 'config'), 'secret')
  writeFileSync(at('src', '.gitignore'), 'cache/\n*.tmp\n')
  writeFileSync(at('src', 'lib', 'cache', 'x'), 'y'.repeat(mib))
  writeFileSync(at('src', 'lib', 'words'), 'hello\n')
  writeFileSync(
    at('src', 'main.sh'),
    'cat "$(dirname "$0")/lib/words"; wc -c < model.bin; ls -A src src/lib',
  )
  writeFileSync(at('tool'), '#!/bin/sh\necho "tool $1"\n')
  chmodSync(at('tool'), 0o755)
  writeFileSync(at('large.bin'), Buffer.alloc(3 * mib + 5, 'model'))
  return {
    at,
    share: ['--dir', at('src'), '--file', at('tool'), '--file', `${at('large.bin')}:model.bin`],
  }
}

const said = `hello\n${3 * mib + 5}\nsrc:\n.gitignore\nlib\nmain.sh\n\nsrc/lib:\nwords\n`

/** Bytes of shared files that went into nodes, and out of them, so far. */
async function traffic(cluster: Cluster) {
  const texts = await Promise.all(
    nodes.map(async (id) => new TextDecoder().decode(await cluster.node(id).getMetrics())),
  )
  const sum = (direction: string) =>
    texts.reduce((total, text) => {
      const found = new RegExp(`tm_shared_bytes{direction="${direction}"[^}]*} (\\d+)`).exec(text)
      return total + Number(found?.[1])
    }, 0)
  return { received: sum('received'), sent: sum('sent') }
}

/** The shared files of a job, and the workers that have done its tasks. */
async function jobOf(cluster: Cluster, id: string) {
  const workers = new Set<string>()
  for (const node of nodes) {
    const page = await cluster
      .node(node)
      .listTasksOfJob({ params: { id }, query: { limit: 1000, cursor: 0 } })
    for (const { worker } of page?.tasks ?? []) if (worker) workers.add(worker)
  }
  const job = await cluster.node('node-1').getJob({ params: { id } })
  const shared = job?.definition.job.shared ?? []
  return { workers, bytes: shared.reduce((total, { size }) => total + size, 0), shared }
}

describe('tm run --file, --dir', () => {
  it('sends each once to each node and each worker, and again only what has changed', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = box.cluster('e2e-shared')
    await cluster.up(...quick)
    const { at, share } = projectIn(box)
    const out = join(box.dataDir, 'out')
    const line = 'sh src/main.sh > {out}; ./tool {n} >> {out}; sleep 0.1'
    const args = ['run', '--array', '1-20', line, ...share, '--out', '{n}.txt', '--to', out]

    const first = await cluster.json<RunResult>(args)
    expect(first).toMatchObject({ tasks: 20, failed: [], errors: [] })
    expect(readdirSync(out)).toHaveLength(20)
    for (const name of readdirSync(out)) {
      const n = name.replace('.txt', '')
      expect(readFileSync(join(out, name), 'utf8')).toBe(`${said}tool ${n}\n`)
    }
    const one = await jobOf(cluster, first.job)
    expect(one.shared.map(({ name, kind, mode }) => [name, kind, mode])).toEqual([
      ['tool', 'file', 0o755],
      ['model.bin', 'file', 0o644],
      ['src', 'dir', 0o755],
    ])
    expect(one.workers.size).toBeGreaterThan(1)
    const after = await traffic(cluster)
    expect(after).toEqual({ received: 2 * one.bytes, sent: one.workers.size * one.bytes })

    // The same again, from files with other times: nothing is sent to a node.
    writeFileSync(at('src', 'lib', 'words'), 'hello\n')
    const again = await cluster.json<RunResult>([...args, '--overwrite'])
    const two = await jobOf(cluster, again.job)
    expect(two.shared).toEqual(one.shared)
    const newWorkers = [...two.workers].filter((worker) => !one.workers.has(worker))
    const then = await traffic(cluster)
    expect(then).toEqual({
      received: after.received,
      sent: after.sent + newWorkers.length * one.bytes,
    })

    appendFileSync(at('src', 'lib', 'words'), 'world\n')
    const other = await cluster.json<RunResult>([...args, '--overwrite'])
    const three = await jobOf(cluster, other.job)
    const isNew = (hash: string) => !one.shared.some(({ sha256 }) => sha256 === hash)
    const changed = three.shared.filter(({ sha256 }) => isNew(sha256))
    expect(changed.map(({ name }) => name)).toEqual(['src'])
    expect((await traffic(cluster)).received - then.received).toBe(2 * (changed[0]?.size ?? 0))
    expect(readFileSync(join(out, '7.txt'), 'utf8')).toContain('hello\nworld\n')
  })

  it('is as it was sent for each attempt, whatever the one before did to it, also in a retry', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = box.cluster('e2e-shared-spoilt')
    await cluster.up('--nodes', '2', '--max-workers', '1', '--tick', '50ms')
    const { at, share } = projectIn(box)
    const spoil = 'cat src/lib/words; touch src/new; chmod -R u+w src; echo spoilt > src/lib/words'
    const spoilt = await cluster.tm(['run', '--times', '6', spoil, ...share])
    expect(spoilt, spoilt.stderr).toMatchObject({ code: 0, stdout: 'hello\n'.repeat(6) })

    const gate = join(box.dataDir, 'gate')
    const args = ['run', '--times', '2', `cat ${gate} src/lib/words`, ...share, '--name', 'gated']
    const failed = await cluster.json<RunResult>(args, { code: 1 })
    expect(failed.failed).toHaveLength(2)
    appendFileSync(at('src', 'lib', 'words'), 'later\n')
    writeFileSync(gate, '')
    await cluster.json(['retry', 'gated'])
    await cluster.json(['wait', 'gated'])
    expect((await cluster.tm(['pull', 'gated'])).stdout).toBe('hello\nhello\n')
  })

  it('says what is shared before it is sent, and refuses names that collide', async ({ box }) => {
    const cluster = box.cluster('e2e-shared-refused')
    await cluster.up(...quick)
    const { at, share } = projectIn(box)
    const input = box.file('model.bin', 'x')
    const plan = await cluster.tm(['run', '--dry-run', '--times', '1', 'true', ...share])
    expect(plan.code).toBe(0)
    expect(plan.stderr).toMatch(
      /shared {2}\S+src as src \(3 files, \d+ B\): main\.sh \d+ B, \.gitignore \d+ B, lib\/words 6 B/,
    )
    expect(plan.stderr).toMatch(/shared {2}\S+large\.bin as model\.bin \(3\.0 MiB\)/)
    const refused: [string[], RegExp][] = [
      [['cat {in}', input], /model\.bin would be where the input model\.bin is/],
      [['true', '--times', '1', '--out', 'src/x'], /src would be where the output src\/x is/],
      [['true', '--times', '1', '--file', `${at('tool')}:src`], /Two shared files are called src/],
      [['true', '--times', '1', '--file', `${at('tool')}:../x`], /leads out of the folder/],
      [['true', '--times', '1', '--dir', `${at('tool')}:x`], /tool is not a folder/],
      [['true', '--times', '1', '--file', `${at('src')}:x`], /src is a folder/],
    ]
    for (const [args, why] of refused) {
      const ran = await cluster.tm(['run', ...args, ...share])
      expect([args, ran.code]).toEqual([args, 2])
      expect(ran.stderr).toMatch(why)
    }
    expect(await cluster.json(['jobs'])).toEqual({ jobs: [] })
    expect(await traffic(cluster)).toEqual({ received: 0, sent: 0 })
  })

  it('goes on where it broke off, and begins anew where what came was wrong', {
    timeout: 180_000,
  }, async ({ box }) => {
    const cluster = box.cluster('e2e-shared-broken')
    await cluster.up(...quick)
    const { at } = projectIn(box)
    const args = ['run', '--times', '2', 'wc -c < large.bin', '--file', at('large.bin')]
    const [plan] = (await planOf(cluster, args)).shared ?? []
    const { sha256 = '', size = 0 } = plan ?? {}
    const bytes = new Uint8Array(readFileSync(at('large.bin')))
    const node = cluster.node('node-1')
    await node.openShared({ params: { sha256 }, json: { size } })
    const body = bytes.slice(mib, 2 * mib)
    await node.writeShared({ params: { sha256, part: 1 }, body })
    // A part that another client has sent wrongly: the node finds out, and all is sent again.
    const other = cluster.node('node-2')
    await other.openShared({ params: { sha256 }, json: { size } })
    for (const part of [0, 1, 2, 3]) {
      const wrong = new Uint8Array(part === 3 ? 5 : mib)
      await other.writeShared({ params: { sha256, part }, body: wrong })
    }
    const before = await traffic(cluster)
    const ran = await cluster.tm(args)
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: `${size}\n${size}\n` })
    expect((await traffic(cluster)).received - before.received).toBe(size - mib + size)
  })
})

async function planOf(cluster: Cluster, args: string[]) {
  const { plan } = await cluster.json<{
    plan: { definition: { job: { shared?: { sha256: string; size: number }[] } } }
  }>([...args, '--dry-run'])
  return plan.definition.job
}
