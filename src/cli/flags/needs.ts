/** The flags that say what a task needs of its worker. */
import { Flags } from '@oclif/core'
import { requireInteger } from '../../core/integers.ts'
import type { Resources } from '../../core/resources.ts'
import { readSize } from './size.ts'

export const needsFlags = {
  cpus: Flags.string({
    default: '1',
    description: 'the processors that a task keeps busy',
    helpGroup: 'NEEDS',
  }),
  memory: Flags.string({
    description: 'the memory that a task needs: 512MiB, 2GiB',
    helpGroup: 'NEEDS',
  }),
  disk: Flags.string({
    description: 'the room on disk that a task needs for its files: 10GiB',
    helpGroup: 'NEEDS',
  }),
}

interface Given {
  cpus: string
  memory?: string
  disk?: string
}

/** Throws `invalid`. */
export function readNeeds({ cpus, memory, disk }: Given): Resources {
  const size = (name: string, text: string | undefined) =>
    text === undefined ? 0 : readSize(name, text)
  return {
    cpus: requireInteger('--cpus', cpus, { min: 1, max: 10_000 }),
    memory: size('--memory', memory),
    disk: size('--disk', disk),
  }
}
