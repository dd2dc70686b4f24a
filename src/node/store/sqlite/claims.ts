/** Leases tasks to workers: begins an attempt of each, and packs what the worker needs to know. */
import type { DatabaseSync } from 'node:sqlite'
import { packLeases, type StoredLease } from '../../../api/leases.ts'
import { isOneCpu } from '../../../core/resources.ts'
import { idBytes } from '../../../core/task.ts'
import type { Bodies, BodyPlace } from './bodies.ts'
import type { Canary } from './canary.ts'
import { type Chosen, createChoice } from './choice.ts'
import type { Jobs } from './jobs.ts'
import type { Memory } from './memory.ts'
import type { Engine } from './methods.ts'
import type { OpenJobs } from './open-jobs.ts'
import { queuedRows } from './queued-rows.ts'
import { stateNumbers as states } from './schema.ts'

interface Parts {
  memory: Memory
  bodies: Bodies
  jobs: Pick<Jobs, 'idOf'>
  openJobs: OpenJobs
  canary: Canary
}

export function claimMethod(
  database: DatabaseSync,
  { memory, bodies, jobs, openJobs, canary }: Parts,
): Pick<Engine, 'claim' | 'readBody'> {
  const { counters } = memory
  const { choose } = createChoice({ counters, openJobs, canary, rows: queuedRows(database) })
  const begin =
    database.prepare(`UPDATE tasks SET state = ${states.running}, attempt = attempt + 1, worker = ?,
    lease_until = ?, started_at = ? WHERE seq = ?`)
  const lose =
    database.prepare(`UPDATE tasks SET state = ${states.failed}, finished_at = ?, error = ?
    WHERE seq = ?`)
  const place = database.prepare('SELECT seq, size, upload FROM tasks WHERE id = ?')

  /** Fails a task whose body can't be read, so that it does not block the queue. */
  function giveUp({ seq, job }: Chosen, wall: number): void {
    lose.run(wall, "the node can't read its body from the database", seq)
    counters.queued -= 1
    counters.failed += 1
    openJobs.left(job?.job ?? null)
  }

  function ofJob({
    job,
    failures,
    needs,
  }: Chosen): Pick<StoredLease, 'job' | 'failures' | 'needs'> {
    if (!job) return {}
    const named = { job: jobs.idOf(job.job), failures }
    return !needs || isOneCpu(needs) ? named : { ...named, needs }
  }

  return {
    claim(request, now) {
      const { worker, lease } = request
      const until = Math.floor(now.steady + lease)
      const { tasks: chosen, isHeld } = choose(request, now.steady)
      const small = bodies.readAll(chosen.filter(({ upload }) => upload === null))
      const leases = chosen.flatMap((task, index): StoredLease[] => {
        const { seq, id, kind, spec, cost, size, upload, attempt, job } = task
        const body = small[index]
        if (upload === null && !body) {
          giveUp(task, now.wall)
          return []
        }
        if (attempt === 0 && !job) {
          const times = { begun: now.steady, until, startedAt: now.wall }
          memory.add({ id, seq, upload, worker, ...times })
          counters.freshFrom = seq + 1
        } else {
          begin.run(worker, until, now.wall, seq)
          openJobs.left(job?.job ?? null)
        }
        const write = body && ((target: Uint8Array) => target.set(body))
        const lease = { id, attempt: attempt + 1, kind, spec, cost, size, ...ofJob(task) }
        return [write ? { ...lease, write } : lease]
      })
      counters.queued -= leases.length
      counters.running += leases.length
      const packed = packLeases(leases)
      return isHeld ? { ...packed, isHeld } : packed
    },

    readBody(id, from) {
      const row = place.get(idBytes(id)) as unknown as BodyPlace | undefined
      return row ? bodies.readFrom(row, from) : new Uint8Array()
    },
  }
}
