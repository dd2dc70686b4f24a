// An instance's states over time ("Instance lifecycle", EC2 User Guide), and what each lets go of.

import type { Instance, InstanceState, World } from '../state.ts'
import { takePublicAddress } from './network.ts'

export function begin(world: World, instance: Instance, usable = true): void {
  world.events.emit('state', { id: instance.id, from: undefined, to: 'pending' })
  if (!usable) {
    later(world, instance, world.options.delays.pendingMs, () => {
      terminate(world, instance, 'user')
      const code = 'Client.InternalError'
      instance.stateReason = { code, message: `${code}: Client error on launch` }
    })
    return
  }
  later(world, instance, world.options.delays.pendingMs, () => run(world, instance))
}

export function terminate(
  world: World,
  instance: Instance,
  why: 'user' | 'shutdown' | 'spot',
): void {
  if (instance.state === 'terminated' || instance.state === 'shutting-down') return
  Object.assign(instance, reason(world, why, 'Shutdown'))
  become(world, instance, 'shutting-down')
  later(world, instance, world.options.delays.shuttingDownMs, () => end(world, instance))
}

export function stop(world: World, instance: Instance, why: 'user' | 'shutdown'): void {
  if (instance.state === 'stopped' || instance.state === 'stopping') return
  Object.assign(instance, reason(world, why, 'Shutdown'))
  become(world, instance, 'stopping')
  later(world, instance, world.options.delays.stoppingMs, () => {
    releasePublicAddress(world, instance)
    become(world, instance, 'stopped')
  })
}

export function start(world: World, instance: Instance): void {
  if (instance.state !== 'stopped') return
  delete instance.stateReason
  instance.transitionReason = ''
  become(world, instance, 'pending')
  later(world, instance, world.options.delays.pendingMs, () => run(world, instance))
}

/** A shutdown from within, as `shutdown -h` in the machine. */
export function shutdownFromWithin(world: World, instance: Instance): void {
  // A one-time spot instance can't be stopped, whatever its shutdown behaviour says.
  if (instance.shutdownBehavior === 'terminate' || instance.spotRequestId) {
    terminate(world, instance, 'shutdown')
  } else {
    stop(world, instance, 'shutdown')
  }
}

/** The two-minute notice, then the end of it ("Spot Instance interruption notices"). */
export function interrupt(world: World, instance: Instance): void {
  const { spotNoticeMs } = world.options.delays
  instance.spotNotice = new Date(world.clock.now() + spotNoticeMs)
  world.events.emit('notice', { id: instance.id })
  world.clock.after(spotNoticeMs, () => terminate(world, instance, 'spot'))
}

function run(world: World, instance: Instance): void {
  if (instance.wantsPublicIp) {
    instance.publicIp = takePublicAddress(world.network, world.options.publicCidr)
  }
  become(world, instance, 'running')
}

function end(world: World, instance: Instance): void {
  const { delays } = world.options
  releasePublicAddress(world, instance)
  for (const id of instance.volumeIds) {
    const volume = world.volumes.get(id)
    if (volume?.deleteOnTermination) world.volumes.delete(id)
    else if (volume) volume.attached = false
  }
  const request = instance.spotRequestId && world.spotRequests.get(instance.spotRequestId)
  if (request) {
    request.state = 'closed'
    const byUser = instance.stateReason?.code !== 'Server.SpotInstanceTermination'
    request.status = byUser ? 'instance-terminated-by-user' : 'instance-terminated-no-capacity'
  }
  instance.terminatedAt = world.clock.now()
  become(world, instance, 'terminated')
  // The interface outlives the instance a little: that is why a group can't be deleted at once.
  world.clock.after(delays.interfaceLagMs, () => {
    world.interfaces.delete(instance.interfaceId)
    world.network.taken.delete(instance.privateIp)
  })
  world.clock.after(delays.terminatedListedMs, () => world.instances.delete(instance.id))
}

function become(world: World, instance: Instance, to: InstanceState): void {
  const from = instance.state
  instance.state = to
  instance.changes += 1
  world.events.emit('state', { id: instance.id, from, to })
}

/** Does nothing if the instance has changed its state in between. */
function later(world: World, instance: Instance, ms: number, act: () => void): void {
  const { changes } = instance
  world.clock.after(ms, () => {
    if (instance.changes === changes) act()
  })
}

function releasePublicAddress(world: World, instance: Instance): void {
  if (instance.publicIp) world.network.taken.delete(instance.publicIp)
  delete instance.publicIp
}

/** The reasons that `StateReason` and `StateTransitionReason` give, as DescribeInstances does. */
function reason(world: World, why: 'user' | 'shutdown' | 'spot', what: string) {
  const at = new Date(world.clock.now()).toISOString().replace('T', ' ').slice(0, 19)
  const [code, text] = {
    user: [`Client.UserInitiated${what}`, 'User initiated'],
    shutdown: [`Client.InstanceInitiated${what}`, 'Instance initiated'],
    spot: ['Server.SpotInstanceTermination', 'Server.SpotInstanceTermination'],
  }[why] as [string, string]
  return {
    stateReason: { code, message: `${code}: ${text} shutdown` },
    transitionReason: `${text} (${at} GMT)`,
  }
}
