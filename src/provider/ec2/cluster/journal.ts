/** Keeps the intents of `tm up` in a file of the cluster's folder, atomically and durably. */

import { existsSync, readFileSync } from 'node:fs'
import { messageOf, TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import { writeWhole } from '../../../state/whole-file.ts'
import type { Intent, Journal } from '../machines/intents.ts'

export function fileJournal(state: ClusterState): Journal {
  return {
    read: async () => readIntents(state),
    async write(intents) {
      writeWhole(fileOf(state), `${JSON.stringify(intents, undefined, 2)}\n`)
    },
  }
}

export function readIntents(state: ClusterState): Intent[] | undefined {
  const file = fileOf(state)
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Intent[]
  } catch (error) {
    throw new TmError('damaged', `${file} can't be read: ${messageOf(error)}`, {
      suggestions: [suggest`The tags in AWS say the same: remove it, then ${tm('up')}`],
    })
  }
}

function fileOf(state: ClusterState): string {
  return state.path('intents.json')
}
