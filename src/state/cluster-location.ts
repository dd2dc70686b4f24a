/** Tells which provider a cluster is on, without asking AWS. */
import { existsSync } from 'node:fs'
import type { ClusterRecord, Ec2Record } from './cluster-record.ts'
import type { ClusterState } from './cluster-state.ts'

/**
 * From the record, or from the other files in the folder if the record is missing or damaged.
 * Undefined if there is no trace: the cluster may still be on EC2, created by another machine.
 */
export function locationOf(state: ClusterState): ClusterRecord['provider'] | undefined {
  const record = recordIn(state)
  if (record) return record.provider
  if (existsSync(state.path('intents.json'))) return 'ec2'
  return state.exists() ? 'local' : undefined
}

export function ec2RecordIn(state: ClusterState): Ec2Record | undefined {
  const record = recordIn(state)
  return record?.provider === 'ec2' ? record : undefined
}

/** Undefined if the record is missing or damaged. */
export function recordIn(state: ClusterState): ClusterRecord | undefined {
  try {
    return state.read()
  } catch {
    return undefined
  }
}
