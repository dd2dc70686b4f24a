/**
 * Which queued tasks a claim takes: those without a job, or tasks of jobs that fit into the worker's
 * room, whichever have waited longer. One claim never takes both, since they share its processors.
 */
import {
  howManyFit,
  isOneCpu,
  oneCpu,
  type Resources,
  type Room,
  without,
} from '../../../core/resources.ts'
import type { ClaimRequest } from '../task-store.ts'
import type { Canary } from './canary.ts'
import type { Memory } from './memory.ts'
import type { OpenJob, OpenJobs } from './open-jobs.ts'
import type { Candidate, queuedRows } from './queued-rows.ts'

export interface Chosen extends Candidate {
  job?: OpenJob
  /** Of a task of a job. */
  needs?: Resources
}

/** Tasks that grew and do not fit, which others pass in one claim. */
const passed = 100

/** Machines of one type differ by a little, and a task grows to all that one of them had. */
const nearly = 0.9

/** What a task needs: as much as its job says, and more memory if it ran out of that. `most`: of the worker. */
function needsOf({ needs }: OpenJob, { grownMemory }: Candidate, most: Resources): Resources {
  if (grownMemory === null) return needs
  const isNearlyAll = grownMemory > most.memory && most.memory >= nearly * grownMemory
  return { ...needs, memory: isNearlyAll ? most.memory : grownMemory }
}

export interface Choice {
  tasks: Chosen[]
  /** There are more, which may be taken once another worker has succeeded with one. */
  isHeld: boolean
}

const oneTask: Room = { free: oneCpu, total: oneCpu, batch: 1 }

interface Parts {
  counters: Memory['counters']
  openJobs: OpenJobs
  canary: Pick<Canary, 'keepsFrom'>
  rows: ReturnType<typeof queuedRows>
}

export function createChoice({ counters, openJobs, canary, rows }: Parts) {
  function loose({ max, maxWork, maxBytes }: ClaimRequest, steady: number): Chosen[] {
    const chosen = createBatch({ max, maxBytes })
    let work = 0
    for (const task of rows.loose(counters.freshFrom, steady, max)) {
      if (work >= maxWork || !chosen.add(task)) break
      work += task.cost
    }
    // A search that found nothing saves the next one the search through cancelled tasks.
    if (chosen.isEmpty() && max > 0 && maxWork > 0) counters.freshFrom = counters.nextSeq
    return chosen.tasks
  }

  /** When the oldest task without a job might have begun; later than any time if there is none. */
  function looseSince({ maxWork }: ClaimRequest, steady: number): number {
    if (maxWork === 0) return Number.POSITIVE_INFINITY
    for (const { runAt } of rows.loose(counters.freshFrom, steady, 1)) return runAt
    counters.freshFrom = counters.nextSeq
    return Number.POSITIVE_INFINITY
  }

  /**
   * `kept`: the rest of the room is for a task that does not fit yet. `isHeld`: there are tasks that
   * another worker tries first.
   */
  function ofJobs(
    { worker, max, maxBytes, room = oneTask, reserveAfter }: ClaimRequest,
    steady: number,
  ): { tasks: Chosen[]; kept: boolean; isHeld: boolean } {
    let isHeld = false
    const chosen = createBatch({ max, maxBytes })
    let { free } = room
    for (const job of openJobs.all()) {
      if (canary.keepsFrom(job, worker)) {
        isHeld = true
        continue
      }
      const fit = mostOf(job.needs, free, room)
      if (fit === 0) {
        if (isWaitedFor(firstOf(job, steady), job.needs, { room, reserveAfter, steady })) {
          return { tasks: chosen.tasks, kept: true, isHeld }
        }
        continue
      }
      const before = chosen.tasks.length
      let isFull = false
      // Short tasks of one processor may be more than fit at once.
      let left = fit > howManyFit(job.needs, free) ? undefined : free
      for (const task of rows.ofJob(job.job, steady, fit + passed)) {
        if (chosen.tasks.length - before === fit) break
        const needs = needsOf(job, task, room.total)
        if (left && howManyFit(needs, left) === 0) {
          if (isWaitedFor(task, needs, { room, reserveAfter, steady })) {
            return { tasks: chosen.tasks, kept: true, isHeld }
          }
          continue
        }
        isFull = !chosen.add({ ...task, job, needs })
        if (isFull) break
        left = left && without(left, needs)
      }
      const taken = chosen.tasks.length - before
      if (taken === 0 && !isFull) openJobs.closeIfDone(job)
      if (isFull) break
      free = left ?? without(free, job.needs, Math.min(taken, howManyFit(job.needs, free)))
      if (free.cpus === 0) break
    }
    return { tasks: chosen.tasks, kept: false, isHeld }
  }

  function firstOf({ job }: OpenJob, steady: number): Candidate | undefined {
    for (const task of rows.ofJob(job, steady, 1)) return task
    return undefined
  }

  return {
    choose(request: ClaimRequest, steady: number): Choice {
      if (openJobs.isEmpty()) return { tasks: loose(request, steady), isHeld: false }
      const { tasks, kept, isHeld } = ofJobs(request, steady)
      if (tasks.length === 0) return { tasks: kept ? [] : loose(request, steady), isHeld }
      const [oldest] = tasks as [Chosen]
      const isJobFirst = oldest.runAt <= looseSince(request, steady)
      return { tasks: isJobFirst ? tasks : loose(request, steady), isHeld }
    },
  }
}

interface Waited {
  room: Room
  reserveAfter: number | undefined
  /** Now. */
  steady: number
}

/** It does not fit beside what runs, but alone, and has waited for that long enough. */
function isWaitedFor(
  task: Candidate | undefined,
  needs: Resources,
  { room, reserveAfter, steady }: Waited,
): boolean {
  if (!task || reserveAfter === undefined) return false
  return howManyFit(needs, room.total) > 0 && steady - task.runAt > reserveAfter
}

/** Tasks of a job that one claim takes at the most. */
function mostOf(needs: Resources, free: Resources, { batch }: Room): number {
  const fit = howManyFit(needs, free)
  return fit > 0 && isOneCpu(needs) ? Math.max(fit, batch) : fit
}

function createBatch({ max, maxBytes }: Pick<ClaimRequest, 'max' | 'maxBytes'>) {
  const tasks: Chosen[] = []
  let bytes = 0
  return {
    tasks,
    isEmpty: () => tasks.length === 0,
    /** False if it is full. */
    add(task: Chosen): boolean {
      const isFirst = tasks.length === 0
      if (tasks.length >= max) return false
      // A large task is leased alone: if its transfer breaks off, no other lease is lost with it.
      if (!isFirst && (task.upload !== null || tasks[0]?.upload !== null)) return false
      if (!isFirst && bytes + task.size > maxBytes) return false
      tasks.push(task)
      bytes += task.size
      return true
    },
  }
}
