// Changing instances: terminate, stop, start, reboot. All of the named ones, or none.

import type { Action, Actions } from '../action.ts'
import { AwsError } from '../errors.ts'
import type { Instance, InstanceState, World } from '../state.ts'
import { instancesById } from './find.ts'
import { instanceResource } from './instances.ts'
import { start, stop, terminate } from './life.ts'
import { stateOf } from './render.ts'

function change(
  name: string,
  check: (instance: Instance) => void,
  act: (world: World, instance: Instance) => void,
): Action {
  return {
    takes: ['InstanceId', 'Force', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const ids = params.list('InstanceId')
      if (ids.length === 0) params.need('InstanceId')
      allow(
        `ec2:${name}`,
        ids.map((id) => instanceResource(world, id)),
      )
      const instances = instancesById(world, ids)
      for (const instance of instances) check(instance)
      dryRun()
      const instancesSet = instances.map((instance) => {
        const previousState = stateOf(instance.state)
        act(world, instance)
        return { instanceId: instance.id, currentState: stateOf(instance.state), previousState }
      })
      return { instancesSet }
    },
  }
}

function onlyIn(states: readonly InstanceState[], what: string): (instance: Instance) => void {
  return ({ id, state }) => {
    if (states.includes(state)) return
    throw new AwsError(
      'IncorrectInstanceState',
      `The instance '${id}' is not in a state from which it can be ${what}.`,
    )
  }
}

const stoppable = onlyIn(['pending', 'running', 'stopping', 'stopped'], 'stopped')

const reboot = change('RebootInstances', onlyIn(['pending', 'running'], 'rebooted'), (world, one) =>
  world.events.emit('reboot', { id: one.id }),
)

// Terminating twice is no error (TerminateInstances, EC2 API Reference).
const terminateAll = change(
  'TerminateInstances',
  () => {},
  (world, one) => terminate(world, one, 'user'),
)

export const lifecycleActions: Actions = {
  // One protected instance fails the call. Those in its zone stay, those in other zones are
  // terminated all the same (TerminateInstances, EC2 API Reference).
  TerminateInstances: {
    takes: terminateAll.takes,
    run(context) {
      const { world, params } = context
      const named = params.list('InstanceId').flatMap((id) => world.instances.get(id) ?? [])
      const kept = named.find((one) => one.terminationProtected && one.state !== 'terminated')
      if (!kept) return terminateAll.run(context)
      context.allow('ec2:TerminateInstances', [instanceResource(world, kept.id)])
      context.dryRun()
      for (const one of named) if (one.zone !== kept.zone) terminate(world, one, 'user')
      throw new AwsError(
        'OperationNotPermitted',
        `The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' ` +
          'instance attribute and try again.',
      )
    },
  },

  StopInstances: change(
    'StopInstances',
    (instance) => {
      stoppable(instance)
      if (!instance.spotRequestId) return
      throw new AwsError(
        'UnsupportedOperation',
        `You can't stop the Spot Instance '${instance.id}' because it is associated with a ` +
          'one-time Spot Instance request. You can only stop Spot Instances associated with ' +
          'persistent Spot Instance requests.',
      )
    },
    (world, one) => stop(world, one, 'user'),
  ),

  StartInstances: change('StartInstances', onlyIn(['running', 'stopped'], 'started'), start),

  RebootInstances: {
    takes: reboot.takes,
    run: (context) => {
      reboot.run(context)
      return { return: true }
    },
  },
}
