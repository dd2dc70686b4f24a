/**
 * Runs commands side by side, as many as fit. Short ones are leased in batches, so that no processor
 * waits for the node between two of them. Whatever then waits behind a command that takes longer than
 * expected is handed back: another worker may be free.
 */

import { messageOf } from '../../../core/errors.ts'
import {
  howManyFit,
  isOneCpu,
  oneCpu,
  type Resources,
  type Room,
  without,
} from '../../../core/resources.ts'
import type { Outcome } from '../../outcome.ts'
import type { Assignment, Pool, PoolOptions, RunningTask } from '../../slot/slot.ts'

export interface PoolParts {
  /**
   * `onEnded` is called when the command has ended: what is left to do needs no processor. `gpus`: the numbers of
   * those that it has for itself.
   */
  run(
    assignment: Assignment,
    signal: AbortSignal,
    onEnded: () => void,
    gpus: number[],
  ): Promise<Outcome>
  close(): Promise<void>
}

interface Running {
  needs: Resources
  gpus: number[]
  stopping: AbortController
  began: number
}

/** A batch makes this much work for each processor. The next is claimed when this much is left. */
const batchMs = 200
const refillMs = 60
const maxBatch = 1000
/** A command that is longer than this is leased by itself. */
const longMs = 30
/**
 * Most of the time of a command that is shorter than this goes into starting it and cleaning up: so
 * many of them share a processor.
 */
const shortMs = 15
const overlap = 2
/** Nothing waits longer than this for a command before it. */
const mostWaitMs = 500
/** Commands that have ended and whose outputs are on their way, for each processor. */
const mostEndedPerCpu = 8
/** While further short commands run, reports wait this long for each other: each wakes three processes. */
const gatherMs = 100
/** What is wrong with a machine, such as a full disk, rarely passes in a moment. */
const pauseAfterFaultMs = 2000

const needsOf = ({ lease }: Assignment): Resources => lease.needs ?? oneCpu

export function createPool({ onEnd, total }: PoolOptions, parts: PoolParts): Pool {
  const running = new Map<RunningTask, Running>()
  /** What stops the delivery of those that have ended. */
  const ended = new Map<RunningTask, AbortController>()
  let waiting: (Assignment & { since: number })[] = []
  /** Milliseconds that a command of the newest job takes; undefined until one has ended. */
  let mean: number | undefined
  let newestJob: string | undefined
  let timer: NodeJS.Timeout | undefined
  /** Monotonic milliseconds. */
  let pausedUntil = 0

  function free(): Resources {
    return [...running.values()].reduce((left, { needs }) => without(left, needs), total())
  }

  function freeGpus(): number[] {
    const taken = new Set([...running.values()].flatMap(({ gpus }) => gpus))
    const all = Array.from({ length: total().gpus ?? 0 }, (_, number) => number)
    return all.filter((one) => !taken.has(one))
  }

  function startWhatFits(): void {
    for (let next = waiting[0]; next && fits(next) && !isBehind(); next = waiting[0]) {
      waiting.shift()
      void start(next)
    }
    watchWaiting()
  }

  const isShort = () => mean !== undefined && mean < shortMs

  /** Outputs are made faster than they are stored. */
  const isBehind = () => ended.size >= mostEndedPerCpu * total().cpus

  /** A task that needs more than there is runs alone: its node has decided that it may. */
  function fits(next: Assignment): boolean {
    if (running.size === 0) return true
    const left = free()
    const needs = needsOf(next)
    if (isOneCpu(needs) && isShort() && running.size < overlap * total().cpus) return true
    return howManyFit(needs, left) > 0
  }

  async function start(assignment: Assignment): Promise<void> {
    const { task } = assignment
    const stopping = new AbortController()
    const began = performance.now()
    const needs = needsOf(assignment)
    const gpus = freeGpus().slice(0, needs.gpus ?? 0)
    running.set(task, { needs, gpus, stopping, began })

    function leave(): void {
      if (!running.delete(task)) return
      ended.set(task, stopping)
      const tookMs = performance.now() - began
      if (assignment.lease.job === newestJob) {
        mean = mean === undefined ? tookMs : mean + (tookMs - mean) / 4
      }
      startWhatFits()
    }

    const outcome = await parts
      .run(assignment, stopping.signal, leave, gpus)
      .catch((error): Outcome => {
        return { kind: 'failed', error: messageOf(error) }
      })
    if (outcome.kind === 'failed' && outcome.machineFault) pause()
    leave()
    // More like it may fail, and their job be paused: no batches of them.
    if (outcome.kind === 'failed' && assignment.lease.job === newestJob) mean = undefined
    ended.delete(task)
    startWhatFits()
    onEnd(task, outcome, isBusy() ? gatherMs : 0)
  }

  /** The machine is at fault: what waits may go elsewhere, and does not fail here as well. */
  function pause(): void {
    pausedUntil = performance.now() + pauseAfterFaultMs
    skip(waiting.splice(0))
  }

  /** More reports are about to come. */
  function isBusy(): boolean {
    return waiting.length > 0 || (running.size > 0 && (mean ?? longMs) < longMs)
  }

  function skip(those: Assignment[]): void {
    for (const { task } of those) onEnd(task, { kind: 'stopped' })
  }

  function watchWaiting(): void {
    if (waiting.length === 0 || timer) return
    timer = setTimeout(() => {
      timer = undefined
      handBackLate()
      watchWaiting()
    }, mostWaitMs / 2)
  }

  function handBackLate(): void {
    const now = performance.now()
    const late = waiting.filter(({ since }) => now - since > mostWaitMs)
    if (late.length === 0) return
    waiting = waiting.filter((one) => !late.includes(one))
    const longest = Math.max(...[...running.values()].map(({ began }) => now - began))
    if (running.size > 0) mean = Math.max(mean ?? 0, longest)
    skip(late)
  }

  return {
    cpus: () => total().cpus - free().cpus,

    room(inSlots): Room | undefined {
      if (isBehind() || performance.now() < pausedUntil) return undefined
      const all = total()
      if (all.disk === 0) return undefined
      const left = without(free(), { ...oneCpu, cpus: 1 }, inSlots)
      const waitMs = (waiting.length * (mean ?? mostWaitMs)) / all.cpus
      if (waitMs > refillMs) return undefined
      // With a few that wait, a processor is about to be free.
      const cpus = waiting.length > 0 ? Math.max(1, left.cpus) : left.cpus
      if (cpus === 0) return undefined
      const isLong = mean === undefined || mean > longMs
      const batch = isLong ? cpus : Math.ceil((all.cpus * batchMs) / Math.max(mean as number, 0.1))
      return { free: { ...left, cpus }, total: all, batch: Math.min(maxBatch, batch) }
    },

    run(assignments) {
      // They were on their way.
      if (performance.now() < pausedUntil) return skip(assignments)
      const since = performance.now()
      for (const assignment of assignments) {
        if (assignment.lease.job !== newestJob) mean = undefined
        newestJob = assignment.lease.job
        waiting.push({ ...assignment, since })
      }
      startWhatFits()
    },

    cancel(task) {
      const stopping = running.get(task)?.stopping ?? ended.get(task)
      stopping?.abort()
      const unwanted = waiting.filter((one) => one.task === task)
      waiting = waiting.filter((one) => one.task !== task)
      skip(unwanted)
    },

    drain: () => skip(waiting.splice(0)),
    abort() {
      for (const { stopping } of running.values()) stopping.abort()
      for (const stopping of ended.values()) stopping.abort()
    },
    async close() {
      clearTimeout(timer)
      await parts.close()
    },
  }
}
