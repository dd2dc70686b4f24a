// Reading instances: DescribeInstances, their status, attributes and console.

import { type Actions, ec2Arn, type Resource, resourceTags } from '../action.ts'
import { AwsError } from '../errors.ts'
import type { Params } from '../query.ts'
import type { Instance, World } from '../state.ts'
import type { Xml } from '../xml.ts'
import { instancesById, visibleInstances } from './find.ts'
import { FILTER, type Fields, filtered, PAGE, paged } from './list.ts'
import { renderReservation, stateOf } from './render.ts'

const fields: Fields<Instance> = {
  architecture: ({ image }) => image.architecture,
  'availability-zone': ({ zone }) => zone,
  'client-token': ({ clientToken }) => clientToken,
  'iam-instance-profile.arn': ({ profile }) => profile?.arn,
  'image-id': ({ image }) => image.id,
  'instance-id': ({ id }) => id,
  'instance-lifecycle': ({ spotRequestId }) => spotRequestId && 'spot',
  'instance-state-name': ({ state }) => state,
  'instance-type': ({ type }) => type.name,
  'instance.group-id': (one) => (one.state === 'terminated' ? [] : one.groupIds),
  'ip-address': ({ publicIp }) => publicIp,
  'metadata-options.http-tokens': ({ metadata }) => metadata.tokens,
  'network-interface.group-id': (one) => (one.state === 'terminated' ? [] : one.groupIds),
  'private-ip-address': (one) => (one.state === 'terminated' ? undefined : one.privateIp),
  'reservation-id': ({ reservationId }) => reservationId,
  'spot-instance-request-id': ({ spotRequestId }) => spotRequestId,
  // A terminated instance is in no VPC any more, so this filter loses it.
  'subnet-id': (one) => (one.state === 'terminated' ? undefined : one.subnetId),
  'vpc-id': (one) => (one.state === 'terminated' ? undefined : one.vpcId),
}

/** The instances that a Describe action is about: by id and filter, in pages. */
function select(world: World, action: string, params: Params, all: readonly Instance[]) {
  const ids = params.list('InstanceId')
  if (ids.length > 0 && params.text('MaxResults') !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    )
  }
  if (ids.length > 0) instancesById(world, ids)
  const wanted = ids.length > 0 ? all.filter(({ id }) => ids.includes(id)) : all
  const left = filtered(params, wanted, fields, ({ tags }) => tags)
  return paged(world, action, params, left, 5)
}

export function instanceResource(world: World, id: string): Resource {
  const instance = world.instances.get(id)
  return {
    arn: ec2Arn(world, 'instance', id),
    keys: {
      ...resourceTags(instance?.tags),
      'ec2:InstanceID': id,
      'ec2:InstanceType': instance?.type.name,
      'ec2:InstanceProfile': instance?.profile?.arn,
      'ec2:MetadataHttpTokens': instance?.metadata.tokens,
      'ec2:AvailabilityZone': instance?.zone,
    },
  }
}

export const instanceActions: Actions = {
  DescribeInstances: {
    takes: ['InstanceId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeInstances')
      dryRun()
      const page = select(world, 'DescribeInstances', params, visibleInstances(world))
      const reservations = Map.groupBy(page.items, ({ reservationId }) => reservationId)
      const reservationSet = [...reservations.values()].map((one) => renderReservation(world, one))
      return { reservationSet, nextToken: page.nextToken }
    },
  },

  DescribeInstanceStatus: {
    takes: ['InstanceId', 'IncludeAllInstances', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeInstanceStatus')
      dryRun()
      const everyState = params.flag('IncludeAllInstances') ?? false
      // Only running ones unless asked otherwise (DescribeInstanceStatus, EC2 API Reference).
      const all = visibleInstances(world).filter((one) => everyState || one.state === 'running')
      const page = select(world, 'DescribeInstanceStatus', params, all)
      return { instanceStatusSet: page.items.map(renderStatus), nextToken: page.nextToken }
    },
  },

  DescribeInstanceAttribute: {
    takes: ['InstanceId', 'Attribute', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const id = params.need('InstanceId')
      allow('ec2:DescribeInstanceAttribute', [instanceResource(world, id)])
      const [instance] = instancesById(world, [id])
      dryRun()
      const attribute = params.oneOf('Attribute', [
        'userData',
        'instanceInitiatedShutdownBehavior',
        'instanceType',
        'disableApiTermination',
      ])
      const value = {
        userData: instance?.userData,
        instanceInitiatedShutdownBehavior: instance?.shutdownBehavior,
        instanceType: instance?.type.name,
        disableApiTermination: instance?.terminationProtected,
      }[attribute ?? 'userData']
      return { instanceId: id, [attribute ?? 'userData']: value === undefined ? {} : { value } }
    },
  },

  ModifyInstanceAttribute: {
    takes: ['InstanceId', 'DisableApiTermination.Value', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const id = params.need('InstanceId')
      allow('ec2:ModifyInstanceAttribute', [instanceResource(world, id)])
      const [instance] = instancesById(world, [id])
      dryRun()
      const on = params.object('DisableApiTermination')?.flag('Value')
      if (instance && on !== undefined) instance.terminationProtected = on
      return { return: true }
    },
  },

  GetConsoleOutput: {
    takes: ['InstanceId', 'Latest', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const id = params.need('InstanceId')
      allow('ec2:GetConsoleOutput', [instanceResource(world, id)])
      const [instance] = instancesById(world, [id])
      dryRun()
      return {
        instanceId: id,
        timestamp: new Date(world.clock.now()),
        // The most recent 64 KB, in base64 (GetConsoleOutput, EC2 API Reference).
        output: Buffer.from(instance?.console ?? '')
          .subarray(-65_536)
          .toString('base64'),
      }
    },
  },
}

function renderStatus({ id, zone, state }: Instance): Xml {
  const status = state === 'running' ? 'ok' : 'not-applicable'
  const checks =
    state === 'running' ? { details: [{ name: 'reachability', status: 'passed' }] } : {}
  return {
    instanceId: id,
    availabilityZone: zone,
    instanceState: stateOf(state),
    systemStatus: { status, ...checks },
    instanceStatus: { status, ...checks },
  }
}
