/**
 * What this machine remembers of a cluster: one folder, 0700, with files of 0600. A cache with
 * secrets in it, not the truth: that is with the provider and the nodes.
 *
 *   cluster.json   its provider and nodes
 *   intents.json   on EC2: what was about to be made
 *   secret         under which all tokens of the cluster are made
 *   secret.next    while they are rotated: what it will be
 *   files.jsonl    which task was which file
 *   nodes/ID/      of a local node: its database, log and address
 *   workers/ID/    of a local worker: its token and log
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, TmError } from '../core/errors.ts'
import { type Keys, secretBytes } from '../core/keys.ts'
import type { Choices } from './ec2/choices.ts'
import { refuseOpen } from './private.ts'

export interface NodeRecord {
  id: string
  /** Empty until it is known. */
  url: string
  /** On EC2: i-…, once it is launched. */
  instance?: string
  /** On EC2: what the node proved to be its own, as PEM; no other is accepted. */
  certificate?: string
}

interface AnyRecord {
  cluster: string
  nodes: NodeRecord[]
  createdAt: number
}

export interface LocalRecord extends AnyRecord {
  provider: 'local'
}

export interface Ec2Record extends AnyRecord {
  provider: 'ec2'
  region: string
  account: string
  port: number
  /** Wall-clock milliseconds at which its machines end by themselves; with `--ttl` only. */
  endsAt?: number
  /** What `tm up` was told so far: the next one need not repeat it. */
  choices: Partial<Choices>
}

export type ClusterRecord = LocalRecord | Ec2Record

export type Saved = ReturnType<typeof savedCluster>

export function savedCluster(dataDir: string, name: string) {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    throw new TmError(
      'invalid',
      `A cluster's name has up to 40 lower-case letters, digits and hyphens, not "${name}"`,
    )
  }
  const folder = join(dataDir, 'clusters', name)
  const path = (...parts: string[]) => join(folder, ...parts)

  return {
    name,
    folder,
    path,
    exists: () => existsSync(folder),
    nodeFolder: (id: string) => path('nodes', id),
    workerFolder: (id: string) => path('workers', id),

    /** Makes the folder and the secret, if they are not there. Refuses what others could open. */
    create(): void {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      if (existsSync(path('secret'))) {
        // Tightening the folder now would only hide that the secret may be known.
        refuseOpen(folder)
      } else {
        chmodSync(folder, 0o700)
        createSecret(path('secret'))
      }
    },

    /** The cluster's secret. Refused when others could have read it, or put it there. */
    secret(): Uint8Array {
      const hex = readSecret(path('secret'))
      if (hex === undefined) throw noCluster(name)
      return secretBytes(hex)
    },

    /** What a node of this machine starts with. */
    keys(): Keys {
      const current = readSecret(path('secret'))
      if (current === undefined) throw noCluster(name)
      const next = readSecret(path('secret.next'))
      return next === undefined ? { current } : { current, next }
    },

    /** What takes the place of the secret: made at the first call, in hex. */
    nextSecret(): string {
      if (!existsSync(path('secret.next'))) createSecret(path('secret.next'))
      return readSecret(path('secret.next')) as string
    },

    /** From now on the next secret is the secret. */
    adoptNextSecret(): void {
      renameSync(path('secret.next'), path('secret'))
    },

    read(): ClusterRecord | undefined {
      const file = path('cluster.json')
      if (!existsSync(file)) return undefined
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as ClusterRecord
      } catch (error) {
        throw new TmError('damaged', `${file} can't be read: ${messageOf(error)}`, {
          suggestions: [
            `It is only a cache: remove it, then ${tm(existsSync(path('intents.json')) ? 'up' : 'up --local', name)}`,
          ],
        })
      }
    },

    write(record: ClusterRecord): void {
      writeWhole(path('cluster.json'), `${JSON.stringify(record, undefined, 2)}\n`)
    },

    remove(): void {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function noCluster(name: string): TmError {
  return new TmError('not_found', `No cluster named ${name}`, {
    suggestions: [
      `Start one on this machine: ${tm('up --local', name)}`,
      `Or on EC2: ${tm('up', name)}`,
    ],
  })
}

/** The command that completes a cluster of which there is a record. */
export function upOf(saved: Saved): string {
  return saved.read()?.provider === 'ec2' ? 'up' : 'up --local'
}

/** A command to suggest: one that is copied as it stands must not reach another cluster. */
export function tm(command: string, cluster: string): string {
  return `tm ${command}${cluster === 'default' ? '' : ` --cluster ${cluster}`}`
}

/** Whole or not at all: a reader, or a crash, never sees half of a file. */
export function writeWhole(file: string, text: string): void {
  const draft = draftOf(file)
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true })
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** Nobody else's, even where two containers share a folder and have the same process ids. */
function draftOf(file: string): string {
  return `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
}

/** Two commands at once agree on one secret: the first link wins. */
function createSecret(file: string): void {
  const draft = draftOf(file)
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** In hex; undefined when there is none. */
function readSecret(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  refuseOpen(dirname(file))
  refuseOpen(file)
  return readFileSync(file, 'utf8').trim()
}
