/** The flags that say what a task needs of its worker. */
import { Flags } from '@oclif/core'
import { TmError } from '../../core/errors.ts'
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
    description:
      'the memory that a task needs: 512MiB, 2GiB; with 2GiB..16GiB a task that runs out of it gets twice as much',
    helpGroup: 'NEEDS',
  }),
  disk: Flags.string({
    description: 'the room on disk that a task needs for its files: 10GiB',
    helpGroup: 'NEEDS',
  }),
  gpus: Flags.string({
    description: 'the GPUs (of NVIDIA) that a task has for itself: CUDA_VISIBLE_DEVICES names them',
    helpGroup: 'NEEDS',
  }),
}

interface Given {
  gpus?: string
  cpus: string
  memory?: string
  disk?: string
}

/** `memoryUpTo`: bytes. Throws `invalid`. */
export function readNeeds({ cpus, memory, disk, gpus }: Given): {
  needs: Resources
  memoryUpTo?: number
} {
  const size = (name: string, text: string | undefined) =>
    text === undefined ? 0 : readSize(name, text)
  const [, from = memory, upTo] = /^(.*?)\.\.(.*)$/.exec(memory ?? '') ?? []
  const needs = {
    cpus: requireInteger('--cpus', cpus, { min: 1, max: 10_000 }),
    memory: size('--memory', from),
    disk: size('--disk', disk),
    ...(gpus === undefined ? {} : { gpus: requireInteger('--gpus', gpus, { min: 1, max: 1000 }) }),
  }
  if (upTo === undefined) return { needs }
  const memoryUpTo = readSize('--memory', upTo)
  if (needs.memory > 0 && memoryUpTo > needs.memory) return { needs, memoryUpTo }
  throw new TmError(
    'invalid',
    `--memory goes from less to more, such as 2GiB..16GiB, not ${memory}`,
  )
}
