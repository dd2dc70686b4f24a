/** A cluster's folder may hold files of others: they are never removed, and do not make it a cluster. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { holdsCluster, removeOwn } from '../../src/state/own-files.ts'

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tm-own-'))
  folder = join(root, 'x')
})
afterEach(() => rmSync(root, { recursive: true }))

function make(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), '')
  }
}

const ours = [
  'cluster.json',
  'cluster.json.4711.0badcafe',
  'intents.json',
  'secret',
  'secret.next',
  'files.jsonl',
  'nodes/node-1/queue.db',
  'nodes/node-1/queue.db-wal',
  'nodes/node-1/queue.db-shm',
  'nodes/node-1/queue.db-journal',
  'nodes/node-1/queue.created',
  'nodes/node-1/queue.restore',
  'nodes/node-1/restore.part',
  'nodes/node-1/backup-01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10.db',
  'nodes/node-1/backup-01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10.db-journal',
  'nodes/node-1/address.json',
  'nodes/node-1/address.json.1.0badcafe',
  'nodes/node-1/log',
  'workers/node-1-w-0badcafe/token',
  'workers/node-1-w-0badcafe/token.1.0badcafe',
  'workers/node-1-w-0badcafe/log',
  'workers/node-1-w-0badcafe/work/01997a5e-1/files/anything',
]

const theirs = [
  'notes.txt',
  'secret.txt',
  'backups/default-node-1-20261124T120000000Z.db',
  'nodes/readme',
  'nodes/node-1/core.4711',
  'nodes/node-1/results/queue.db',
  'workers/log',
]

describe('the files of a cluster', () => {
  it('are all removed, with their folders', () => {
    make(...ours)
    expect(holdsCluster(folder)).toBe(true)
    expect(removeOwn(folder)).toEqual([])
    expect(existsSync(folder)).toBe(false)
    expect(removeOwn(folder)).toEqual([])
  })

  it('are all that is removed', () => {
    make(...ours, ...theirs)
    symlinkSync(root, join(folder, 'workers', 'elsewhere'))
    const left = removeOwn(folder)
    // What lies in a folder that is not of tm is not looked at.
    const shown = theirs.map((path) => path.replace(/(backups|results)\/.*/, '$1'))
    expect(left.sort()).toEqual([...shown, 'workers/elsewhere'].sort())
    for (const path of theirs) expect(existsSync(join(folder, path)), path).toBe(true)
    for (const path of ours) expect(existsSync(join(folder, path)), path).toBe(false)
    expect(holdsCluster(folder)).toBe(false)
  })

  it('may not have been made yet', () => {
    expect(holdsCluster(folder)).toBe(false)
    mkdirSync(join(folder, 'nodes', 'node-1'), { recursive: true })
    expect(holdsCluster(folder)).toBe(true)
    expect(removeOwn(folder)).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })
})
