/**
 * What this machine remembers of a cluster: one folder (mode 0700) of files (mode 0600). It is a cache
 * with secrets in it; the truth is with the provider and the nodes.
 *
 *   cluster.json   its provider and nodes
 *   intents.json   on EC2: what `tm up` is about to make
 *   secret         signs all tokens of the cluster
 *   secret.next    during a rotation: the secret that replaces it
 *   files.jsonl    the file of each task
 *   nodes/ID/      database, log and address of a local node
 *   workers/ID/    token and log of a local worker
 */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { didYouMean } from '../core/did-you-mean.ts'
import { messageOf, TmError } from '../core/errors.ts'
import { type Keys, secretBytes } from '../core/keys.ts'
import { suggest, tm } from '../core/suggestions.ts'
import { refuseOpen } from '../runtime/private-file.ts'
import { realPath } from '../runtime/real-path.ts'
import { type ClusterRecord, parseRecord } from './cluster-record.ts'
import { holdsCluster, removeOwn } from './own-files.ts'
import { createSecret, makePrivateFolder, readSecret } from './secret-file.ts'
import { writeWhole } from './whole-file.ts'

const clusterName = /^[a-z0-9][a-z0-9-]{0,39}$/

export type ClusterState = ReturnType<typeof clusterState>

export function clusterState(dataDir: string, name: string) {
  if (!clusterName.test(name)) {
    throw new TmError(
      'invalid',
      `A cluster's name has up to 40 lower-case letters, digits and hyphens, not "${name}"`,
    )
  }
  // Processes of the cluster are found by this name, so there must be only one.
  const folder = realPath(join(dataDir, 'clusters', name))
  const path = (...parts: string[]) => join(folder, ...parts)

  return {
    name,
    folder,
    path,
    exists: () => holdsCluster(folder),
    /** The error of a command that needs this cluster. */
    notFound: () => noCluster(name, namesIn(dataDir)),
    nodeFolder: (id: string) => path('nodes', id),
    workerFolder: (id: string) => path('workers', id),

    /** Creates the folder and the secret unless they exist. Refuses a folder that others can open. */
    create(): void {
      if (existsSync(path('secret'))) {
        // Changing the mode now would only hide that others may know the secret.
        refuseOpen(folder)
      } else {
        makePrivateFolder(folder)
        createSecret(path('secret'))
      }
    },

    /** The cluster's secret. Throws when others could have read or written it. */
    secret(): Uint8Array {
      const hex = readSecret(path('secret'))
      if (hex === undefined) throw noCluster(name, namesIn(dataDir))
      return secretBytes(hex)
    },

    /** The keys that a node on this machine starts with. */
    keys(): Keys {
      const current = readSecret(path('secret'))
      if (current === undefined) throw noCluster(name, namesIn(dataDir))
      const next = readSecret(path('secret.next'))
      return next === undefined ? { current } : { current, next }
    },

    /** The secret that will replace the current one, in hex. Created at the first call. */
    nextSecret(): string {
      if (!existsSync(path('secret.next'))) createSecret(path('secret.next'))
      return readSecret(path('secret.next')) as string
    },

    /** Makes the next secret the current one. */
    adoptNextSecret(): void {
      renameSync(path('secret.next'), path('secret'))
    },

    read(): ClusterRecord | undefined {
      const file = path('cluster.json')
      if (!existsSync(file)) return undefined
      try {
        return parseRecord(readFileSync(file, 'utf8'))
      } catch (error) {
        throw new TmError('damaged', `${file} can't be read: ${messageOf(error)}`, {
          suggestions: [suggest`It is only a cache: remove it, then ${tm('up')}`],
        })
      }
    },

    write(record: ClusterRecord): void {
      writeWhole(path('cluster.json'), `${JSON.stringify(record, undefined, 2)}\n`)
    },

    /** Returns what is left in the folder, because tm did not make it. */
    remove(): string[] {
      return removeOwn(folder)
    },
  }
}

/** All clusters that this machine remembers, on any provider. */
export function clusterStates(dataDir: string): ClusterState[] {
  return namesIn(dataDir).map((name) => clusterState(dataDir, name))
}

function namesIn(dataDir: string): string[] {
  const folder = join(dataDir, 'clusters')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const isCluster = (name: string) => clusterName.test(name) && holdsCluster(join(folder, name))
  return names.filter(isCluster).sort()
}

/** `known`: the clusters of this machine. */
function noCluster(name: string, known: string[]): TmError {
  const others = known.filter((other) => other !== name)
  const meant = didYouMean(name, others)
  return new TmError('not_found', `No cluster named ${name}`, {
    suggestions: [
      ...(meant === undefined ? [] : [`Did you mean --cluster ${meant}?`]),
      ...(others.length === 0 ? [] : [`Clusters on this machine: ${others.join(', ')}`]),
      suggest`Start one on this machine: ${tm('up', { local: true })}`,
      suggest`Or on EC2: ${tm('up', { local: false })}`,
    ],
  })
}
