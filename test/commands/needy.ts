/** Every command that needs a cluster, as it is called with one name after the other in tests. */
import { readdirSync, readFileSync } from 'node:fs'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

/** They ask its nodes, or read what is remembered of it. `token` only reads the secret. */
export const needy: readonly [string, ...string[]][] = [
  ['backup'],
  ['cancel', id],
  ['enqueue', '--iterations', '1', '/dev/null'],
  ['explain', '3'],
  ['health'],
  ['job', '3'],
  ['joblog', '3'],
  ['jobs'],
  ['logs', 'node-1'],
  ['pull'],
  ['retry', id],
  ['rotate-tokens'],
  ['run', 'true', '/dev/null'],
  ['status', id],
  ['token'],
  ['wait', id],
]

/** Those that create or remove clusters or are only for EC2: they are tested by themselves. */
export const others = ['allow-ip', 'down', 'policy', 'up']

/** The commands that use a cluster by its name, but for those that nodes and workers are started with. */
export function commandsOfClusters(): string[] {
  const folder = new URL('../../src/commands/', import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(new URL(file, folder), 'utf8').includes('this.clusterState('))
    .map((file) => file.replace('.ts', ''))
}
