/**
 * A worker: lease, execute, report, until it is told to stop, has had nothing to do for the idle
 * time, or reaches no node any more.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../core/errors.ts'
import { type Settings, withDefaults } from '../core/settings.ts'
import { type Lease, workOf } from '../core/task.ts'
import type { Link } from './link.ts'
import { createNodes } from './nodes.ts'
import { createSlot, type Held, type Slot } from './slot.ts'

export interface WorkerOptions {
  id: string
  url: string
  /** PEM; where its node has TLS. */
  certificate?: string | undefined
  token: string
  /** Keeps another token that takes its place. */
  onToken: (token: string) => Promise<void>
  /** Settings given at the start win over what the node says. */
  settings: Partial<Settings>
  /** Called as soon as its threads are there. */
  onSlots?: () => void
  /** Aborted to make it stop; the reason may be a `Stop`. */
  signal: AbortSignal
  log: { info(fields: object, what: string): void; warn(fields: object, what: string): void }
}

/** Why it has to stop, and how many milliseconds running tasks may take to end. */
export interface Stop {
  why: string
  finishWithin: number
}

/** Milliseconds of work that a slot takes at a time, and how little is left when it takes more. */
const batchMs = 100
const refillMs = 30
const maxLeases = 1000
/** How long a claim waits at the node for a task. Bounds how late a sibling's tasks are seen. */
const claimWait = 1000
/** A running task may take so long to end before it is handed back. */
const toldToStop: Stop = { why: 'it was told to stop', finishWithin: 4000 }
const flushWithin = 3000
/** Nobody renews the loan any more: gone before the lender takes the place back. */
const placeLost = 'its node is away and its place is lent'

/** Throws `incompatible` when its node is of another version. */
export async function runWorker(options: WorkerOptions): Promise<{ reason: string }> {
  const { id, url, certificate, token, onToken, log } = options
  const onProblem = (what: string, error: unknown) => log.warn({ err: error }, what)
  const nodes = createNodes({ worker: id, url, certificate, token, onToken, onProblem })
  const held = new Map<string, { held: Held; slot: Slot }>()
  const stopping = new AbortController()
  const stopped = stopping.signal
  let settings = withDefaults(options.settings)
  let reason = ''
  let told = toldToStop
  /** Wakes whoever waits for a slot to have room. */
  let changed = () => {}

  function stop(why: string): void {
    if (stopped.aborted) return
    reason = why
    stopping.abort()
    changed()
  }
  const obey = () => {
    const { reason } = options.signal
    told = reason?.why ? (reason as Stop) : toldToStop
    stop(told.why)
  }
  options.signal.addEventListener('abort', obey)
  if (options.signal.aborted) obey()

  function createSlots(count: number): Slot[] {
    return Array.from({ length: count }, () =>
      createSlot({
        onEnd(one, ending) {
          held.delete(keyOf(one))
          one.from.report({ id: one.id, attempt: one.attempt, ending })
          changed()
        },
      }),
    )
  }

  async function beat(draining: boolean): Promise<void> {
    const running = held.size
    const [heard, lost] = await Promise.all([
      nodes.heartbeat({ slots: settings.slots, running, draining }),
      nodes.renew([...held.values()].map((one) => one.held)),
    ])
    if (heard) settings = { ...heard, ...options.settings }
    const refusal = nodes.refusal()
    if (refusal) stop(refusal)
    for (const one of lost) held.get(keyOf(one))?.slot.cancel(one)
    if (nodes.silence() > settings.lostAfter) stop('no node could be reached')
    if (nodes.borrowedSilence() > settings.loan / 3) stop(placeLost)
  }

  async function heartbeats(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const every = Math.min(settings.lease, settings.loan / 2) / 3
      await sleep(every, undefined, { signal: until }).catch(() => {})
      if (!until.aborted) await beat(stopped.aborted)
    }
  }

  /** Each lease goes to the slot that will be free first. */
  function hand(leases: Lease[], from: Link, slots: Slot[]): void {
    const batches = new Map<Slot, { held: Held; lease: Lease }[]>()
    const added = new Map<Slot, number>()
    const load = (slot: Slot) => slot.load() + (added.get(slot) ?? 0) / slot.rate()
    for (const lease of leases) {
      const slot = slots.reduce((best, one) => (load(one) < load(best) ? one : best))
      const work = workOf({ iterations: lease.iterations, size: lease.body.length })
      const one: Held = { id: lease.id, attempt: lease.attempt, work, from }
      held.set(keyOf(one), { held: one, slot })
      added.set(slot, (added.get(slot) ?? 0) + work)
      const batch = batches.get(slot)
      if (batch) batch.push({ held: one, lease })
      else batches.set(slot, [{ held: one, lease }])
    }
    for (const [slot, batch] of batches) slot.run(batch)
  }

  /** Takes leases whenever a slot runs dry. Ends when the worker stops. */
  async function work(slots: Slot[]): Promise<void> {
    let idleSince = performance.now()
    let wait = 0
    while (!stopped.aborted) {
      const dry = slots.filter((slot) => slot.load() < refillMs)
      if (dry.length === 0) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
        continue
      }
      const began = performance.now()
      const maxWork = Math.ceil(dry.reduce((sum, slot) => sum + slot.rate() * batchMs, 0))
      const wish = { max: maxLeases, maxWork, wait, signal: stopped }
      const { leases, from } = await nodes.claim(wish)
      if (leases.length > 0 || held.size > 0) idleSince = performance.now()
      hand(leases, from, slots)
      if (leases.length === 0) {
        if (performance.now() - idleSince >= settings.idleTimeout) stop('it had nothing to do')
        // A node that is away or draining answers at once: not a reason to ask without a pause.
        const early = wait - (performance.now() - began)
        if (early > 0) await sleep(early, undefined, { signal: stopped }).catch(() => {})
      }
      const patience = Math.min(claimWait, settings.idleTimeout)
      wait = leases.length === 0 ? patience : 0
    }
  }

  const beating = new AbortController()
  await beat(false)
  const slots = createSlots(settings.slots)
  options.onSlots?.()
  log.info({ slots: slots.length, url }, 'working')
  const beats = heartbeats(beating.signal)
  await work(slots)
  log.info({ reason, running: held.size }, 'stopping')

  const inHurry = reason === placeLost
  for (const slot of slots) slot.drain()
  if (!(await comesTrue(() => held.size === 0, inHurry ? 0 : told.finishWithin))) {
    for (const slot of slots) slot.abort()
    await comesTrue(() => held.size === 0, 1000)
  }
  const flushTime = inHurry ? settings.loan / 12 : flushWithin
  const flushed = Promise.all(nodes.links().map((link) => link.flushed()))
  await Promise.race([flushed, sleep(flushTime, undefined, { ref: false })])
  for (const link of nodes.links()) link.abandon()
  beating.abort()
  await Promise.all([beats, nodes.leave(), ...slots.map((slot) => slot.close())])
  log.info({ reason }, 'stopped')
  const refusal = nodes.refusal()
  if (refusal) throw new TmError('incompatible', refusal)
  return { reason }
}

function keyOf({ id, attempt }: Held): string {
  return `${id}:${attempt}`
}

async function comesTrue(isTrue: () => boolean, within: number): Promise<boolean> {
  const end = performance.now() + within
  while (!isTrue()) {
    if (performance.now() > end) return false
    await sleep(5)
  }
  return true
}
