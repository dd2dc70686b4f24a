/** What `tm up` says of idle workers. */
import { expect, it } from 'vitest'
import { idleNote } from '../../../../src/provider/ec2/cluster/idle-note.ts'

const rules = { policy: 0, idleTimeout: 600_000 }

it.each([
  [
    'what they cost',
    rules,
    { workers: 10, hourly: 0.78 },
    'Workers stay for 10m after the last task, which costs 0.13 $ for 10 workers; with --policy target they leave sooner',
  ],
  [
    'no price',
    rules,
    { workers: 1, hourly: undefined },
    'Workers stay for 10m after the last task; with --policy target they leave sooner',
  ],
  ['a target', { ...rules, policy: 1 }, { workers: 10, hourly: 0.78 }, undefined],
  ['no workers', rules, { workers: 0, hourly: 0 }, undefined],
])('%s', (_name, settings, workers, note) => {
  expect(idleNote(settings, workers)).toEqual(note === undefined ? [] : [note])
})
