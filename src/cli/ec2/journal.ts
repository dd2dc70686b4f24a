/** The intents of `tm up` in a file of the cluster's folder: whole or not at all, and on the disk. */
import { existsSync, readFileSync } from 'node:fs'
import { messageOf, TmError } from '../../core/errors.ts'
import type { Intent, Journal } from '../../provider/ec2/intents.ts'
import { type Saved, tm, writeWhole } from '../saved.ts'

export function fileJournal(saved: Saved): Journal {
  const file = saved.path('intents.json')
  return {
    async read() {
      if (!existsSync(file)) return undefined
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as Intent[]
      } catch (error) {
        throw new TmError('damaged', `${file} can't be read: ${messageOf(error)}`, {
          suggestions: [`The tags in AWS say the same: remove it, then ${tm('up', saved.name)}`],
        })
      }
    },
    async write(intents) {
      writeWhole(file, `${JSON.stringify(intents, undefined, 2)}\n`)
    },
  }
}
