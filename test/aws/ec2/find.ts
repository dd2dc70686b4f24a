// Looks things up by id, as the caller may see them at this moment: what was made a moment ago is
// not there yet ("Eventual consistency in the Amazon EC2 API").

import { AwsError } from '../errors.ts'
import type { Group, Instance, World } from '../state.ts'

export function visibleInstances(world: World): Instance[] {
  const now = world.clock.now()
  return [...world.instances.values()].filter(({ visibleAt }) => visibleAt <= now)
}

export function visibleGroups(world: World): Group[] {
  const now = world.clock.now()
  return [...world.groups.values()].filter(({ visibleAt }) => visibleAt <= now)
}

export function instancesById(world: World, ids: readonly string[]): Instance[] {
  const odd = ids.find((id) => !/^i-[0-9a-f]{17}$/.test(id))
  if (odd !== undefined) throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${odd}"`)
  const found = visibleInstances(world).filter(({ id }) => ids.includes(id))
  const absent = ids.filter((id) => !found.some((one) => one.id === id))
  if (absent.length > 0) throw noInstances(absent)
  return found
}

export function noInstances(ids: readonly string[]): AwsError {
  const text =
    ids.length === 1
      ? `The instance ID '${ids[0]}' does not exist`
      : `The instance IDs '${ids.join(', ')}' do not exist`
  return new AwsError('InvalidInstanceID.NotFound', text)
}

export function groupById(world: World, id: string): Group {
  if (!/^sg-[0-9a-f]+$/.test(id)) {
    throw new AwsError('InvalidGroupId.Malformed', `Invalid id: "${id}"`)
  }
  const group = visibleGroups(world).find((one) => one.id === id)
  if (!group) throw noGroup(id)
  return group
}

export function noGroup(id: string): AwsError {
  return new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist`)
}
