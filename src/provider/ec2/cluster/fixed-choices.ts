/** Choices that a cluster keeps as long as it exists: machines have booted with them. */

import { TmError } from '../../../core/errors.ts'
import { type Suggestion, suggest, tm } from '../../../core/suggestions.ts'
import type { Ec2Record } from '../../../state/cluster-record.ts'
import { nodePort } from './choices.ts'

/** The port is part of what a machine boots with. */
export function checkPort(record: Ec2Record | undefined, port = nodePort): void {
  if (!record || record.port === port) return
  const message = `The nodes of cluster ${record.cluster} listen on port ${record.port}, and can't change to ${port}`
  throw fixed(message, suggest`Keep the port: ${tm('up', { port: String(record.port) })}`)
}

/** The machines that run would stay in the group that they are in. */
export function checkSecurityGroup(record: Ec2Record | undefined, given: string | undefined): void {
  const before = record?.choices.securityGroup
  if (!record || given === before) return
  const message = `The machines of cluster ${record.cluster} are in ${before ?? 'a security group of tm'}, and can't change to ${given}`
  throw fixed(message, suggest`Keep it: ${tm('up')} without --security-group`)
}

/** Siblings and workers would go on with one kind of address, and the operator with the other. */
export function checkAddresses(record: Ec2Record | undefined, isPublic: boolean): void {
  if (!record || isPublic === !record.privateAddresses) return
  const [has, wants] = isPublic ? ['private', 'public'] : ['public', 'private']
  const message = `The machines of cluster ${record.cluster} have ${has} addresses, and these subnets are ${wants} ones`
  throw fixed(message, `Name ${has} subnets: --subnet`)
}

function fixed(message: string, keep: Suggestion): TmError {
  return new TmError('conflict', message, {
    suggestions: [keep, suggest`Or remove the cluster first: ${tm('down')}`],
  })
}
