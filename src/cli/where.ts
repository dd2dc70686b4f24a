/** Where a cluster of this name is, as far as this machine can tell without asking AWS. */
import { existsSync } from 'node:fs'
import type { ClusterRecord, Ec2Record, Saved } from './saved.ts'

/**
 * By its record; where that is missing or damaged, by what else is in the folder. Undefined where
 * nothing tells: then it may be on EC2, made by another machine.
 */
export function whereIs(saved: Saved): ClusterRecord['provider'] | undefined {
  const record = readable(saved)
  if (record) return record.provider
  if (existsSync(saved.path('intents.json'))) return 'ec2'
  return saved.exists() ? 'local' : undefined
}

export function ec2RecordIn(saved: Saved): Ec2Record | undefined {
  const record = readable(saved)
  return record?.provider === 'ec2' ? record : undefined
}

function readable(saved: Saved): ClusterRecord | undefined {
  try {
    return saved.read()
  } catch {
    return undefined
  }
}
