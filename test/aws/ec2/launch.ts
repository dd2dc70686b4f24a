// RunInstances: once per ClientToken, all that was asked for in one go (instances, volumes,
// interfaces and their tags), then `life.ts` takes over.

import type { Actions, Context } from '../action.ts'
import { AwsError } from '../errors.ts'
import { createSpotRole, spotRoleArn, spotRoleExists } from '../iam/spot-role.ts'
import { newId } from '../ids.ts'
import type { Instance, SpotRequest, Volume } from '../state.ts'
import { place } from './capacity.ts'
import { type CheckedLaunch, checkLaunch } from './launch-checks.ts'
import { allowLaunch } from './launch-permissions.ts'
import { launchParameters, readLaunch } from './launch-spec.ts'
import { begin } from './life.ts'
import { type Subnet, takePrivateAddress } from './network.ts'
import { renderReservation } from './render.ts'

export const launchActions: Actions = {
  RunInstances: {
    takes: launchParameters,
    run: (context) => renderReservation(context.world, launch(context)),
  },
}

function launch(context: Context): Instance[] {
  const { world, params, query, dryRun } = context
  const spec = readLaunch(world, params)
  allowLaunch(context, spec)
  // "If you repeat the request with the same client token, the same response is returned … The
  // token is valid for at least 24 hours after the termination of the instance": also when the
  // instance is gone. ("Ensuring idempotency", EC2 API Reference.)
  const { ClientToken: token, DryRun: _, ...rest } = query.flat
  const request = JSON.stringify(Object.entries(rest).sort())
  const earlier = token === undefined ? undefined : world.launches.get(token)
  if (earlier && earlier.request !== request) {
    throw new AwsError(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent with arguments used in previous ' +
        'request(s).',
    )
  }
  if (earlier) {
    dryRun()
    return earlier.instances
  }
  const checked = checkLaunch(world, spec)
  dryRun()
  if (spec.spot) needSpotRole(context)
  const { subnet, count } = place(world, checked)
  const reservationId = newId('r')
  const instances = Array.from({ length: count }, (_, index) =>
    create(context, checked, subnet, reservationId, index),
  )
  if (token !== undefined) world.launches.set(token, { request, instances })
  const usable = mayUseKey(context)
  for (const instance of instances) begin(world, instance, usable)
  return instances
}

function create(
  { world }: Context,
  launch: CheckedLaunch,
  subnet: Subnet,
  reservationId: string,
  launchIndex: number,
): Instance {
  const id = newId('i')
  const now = world.clock.now()
  const tags = (kind: string) => new Map(launch.tags.get(kind))
  const created = new Date(now)
  const volumes = launch.volumes.map(
    (spec): Volume => ({
      ...spec,
      id: newId('vol'),
      instanceId: id,
      attached: true,
      tags: tags('volume'),
      created,
    }),
  )
  for (const volume of volumes) world.volumes.set(volume.id, volume)
  const request: SpotRequest | undefined = launch.spot && {
    id: newId('sir').slice(0, 12),
    instanceId: id,
    state: 'active',
    status: 'fulfilled',
    created,
    tags: tags('spot-instances-request'),
  }
  if (request) world.spotRequests.set(request.id, request)
  const net = {
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    zone: subnet.zone,
    groupIds: launch.groupIds,
    privateIp: takePrivateAddress(world.network, subnet),
  }
  const interfaceId = newId('eni')
  const nic = { ...net, id: interfaceId, instanceId: id, tags: tags('network-interface') }
  world.interfaces.set(interfaceId, nic)
  const profile = launch.profile && world.profiles.get(launch.profile.name)
  const instance: Instance = {
    ...net,
    id,
    reservationId,
    launchIndex,
    launchTime: created,
    visibleAt: now + world.options.delays.instanceLagMs,
    image: launch.image,
    type: launch.type,
    state: 'pending',
    changes: 0,
    transitionReason: '',
    interfaceId,
    wantsPublicIp: launch.publicAddress ?? subnet.publicAddresses,
    tags: tags('instance'),
    shutdownBehavior: launch.shutdownBehavior,
    terminationProtected: false,
    metadata: launch.metadata,
    volumeIds: volumes.map((volume) => volume.id),
    console: '',
    ...(launch.userData !== undefined && { userData: launch.userData }),
    ...(launch.clientToken !== undefined && { clientToken: launch.clientToken }),
    ...(profile && { profile: { name: profile.name, arn: profile.arn, id: profile.id } }),
    ...(request && { spotRequestId: request.id }),
  }
  world.instances.set(id, instance)
  return instance
}

/** EC2 accepts a launch whose disk can't be encrypted, and ends it a moment later. */
function mayUseKey({ world, allow }: Context): boolean {
  const { diskKey: arn, region } = world.options
  if (!arn) return true
  const via = { 'kms:ViaService': `ec2.${region}.amazonaws.com` }
  try {
    allow('kms:GenerateDataKeyWithoutPlaintext', [{ arn, keys: via }])
    allow('kms:CreateGrant', [{ arn, keys: { ...via, 'kms:GrantIsForAWSResource': 'true' } }])
    return true
  } catch {
    return false
  }
}

/** The first spot launch of an account makes the role, if the caller may ("Service-linked role for
 *  Spot Instance requests"). */
function needSpotRole({ world, allow }: Context): void {
  if (spotRoleExists(world)) return
  try {
    const arn = spotRoleArn(world)
    const keys = { 'iam:AWSServiceName': 'spot.amazonaws.com' }
    allow('iam:CreateServiceLinkedRole', [{ arn, keys }])
  } catch {
    throw new AwsError(
      'AuthFailure.ServiceLinkedRoleCreationNotPermitted',
      'The provided credentials do not have permission to create the service-linked role for EC2 ' +
        'Spot Instances.',
    )
  }
  createSpotRole(world)
}
