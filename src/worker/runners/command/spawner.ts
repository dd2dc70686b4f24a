/**
 * The process that starts commands and ends them with all that they started. It is a process of its
 * own, because starting one takes milliseconds that a worker's heartbeats do not have, and because
 * children inherit the memory, the priority and the descriptors of whoever starts them. It knows no
 * token. When the worker dies, it reads the end of its input, kills every tree, and ends.
 */
import { spawn } from 'node:child_process'
import { closeSync, fchownSync, openSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { messageOf } from '../../../core/errors.ts'
import { tagVariable } from '../../../core/process-tags.ts'
import {
  type AttemptGroup,
  createAttemptGroup,
  endLeftGroups,
  joining,
} from './control-groups/attempt-group.ts'
import type { Ended, Request, Start } from './messages.ts'
import { killStrays, killTree, signalTree } from './process-tree.ts'
import { type Stream, watchStreams } from './stream-limits.ts'
import { about, createCpuClock, exactly, watchMemory } from './usage.ts'

/** A command that took longer is searched for processes that left its group before it has ended. */
const searchAfterMs = 100

/** A user is given to the next command after many others, far later than this. */
const sweepAfterMs = 1000

interface Running {
  pid: number
  tag: string
  user: number | undefined
  group: AttemptGroup | undefined
  grace: number
  timers: NodeJS.Timeout[]
  timedOut: boolean
  /** It was asked to. */
  isEnding: boolean
  /** Its leader has: the number of its group may soon be that of another. */
  hasEnded: boolean
  tooLarge?: Stream
}

/** `groups`: the control group in which each command gets one; undefined where there is none. */
function serve(groups: string | undefined): void {
  const running = new Map<number, Running>()
  const cpuTime = createCpuClock()
  // The worker's own files are private; what a command makes is like that of any program.
  process.umask(0o022)
  endFirst()
  if (groups !== undefined) void endLeftGroups(groups)
  // The worker is gone: the end of stdin says what to do.
  process.stdout.on('error', () => {})

  let unsent = ''

  /** What ends in one turn of the event loop wakes the worker once. */
  function send(message: Ended): void {
    if (unsent === '') {
      setImmediate(() => {
        process.stdout.write(unsent)
        unsent = ''
      })
    }
    unsent += `${JSON.stringify(message)}\n`
  }

  let sweeping: NodeJS.Timeout | undefined

  /** One look for all short commands of a second: their users must not be given to others before. */
  function sweepSoon(): void {
    sweeping ??= setTimeout(() => {
      sweeping = undefined
      const users = new Set([...running.values()].map(({ user }) => user))
      killStrays((user) => users.has(user))
    }, sweepAfterMs)
  }

  function start(request: Start): void {
    const { start: number, tag, grace, timeout } = request
    const began = performance.now()
    const beganAt = Date.now()
    const fail = (error: unknown) =>
      send({ ended: number, error: messageOf(error), beganAt, took: 0, leftBehind: 0 })
    const group = groups === undefined ? undefined : createAttemptGroup(groups, number, request)
    try {
      const child = spawnCommand(request, group)
      child.once('error', (error) => {
        group?.remove()
        fail(error)
      })
      const { pid } = child
      if (pid === undefined) return
      const one: Running = {
        pid,
        tag,
        user: request.user,
        group,
        grace,
        timers: [],
        timedOut: false,
        isEnding: false,
        hasEnded: false,
      }
      running.set(number, one)
      if (timeout !== undefined) {
        one.timers.push(
          setTimeout(() => {
            one.timedOut = true
            end(one)
          }, timeout),
        )
      }
      const stopWatch = watchStreams({
        files: request,
        limits: request.limits,
        onTooLarge: (stream) => {
          one.tooLarge = stream
          // At once: whoever is asked to end goes on to write.
          void signalTree(one, 'SIGKILL')
        },
      })
      const memory = watchMemory(pid)
      child.once('exit', async (code, signal) => {
        const cpu = cpuTime()
        one.hasEnded = true
        memory.stop()
        stopWatch()
        const took = performance.now() - began
        for (const timer of one.timers) clearTimeout(timer)
        const search = took >= searchAfterMs || one.isEnding
        const leftBehind = await killTree(one, { search })
        const usage = group?.usage()
        group?.remove()
        running.delete(number)
        if (!search && !usage && request.user !== undefined) sweepSoon()
        send({
          ended: number,
          ...(code === null ? {} : { exit: code }),
          ...(signal === null ? {} : { signal }),
          ...(one.timedOut ? { timedOut: true } : {}),
          ...(one.tooLarge ? { tooLarge: one.tooLarge } : {}),
          beganAt,
          took: Math.round(took),
          ...(usage ? exactly(usage, memory.peak()) : about(cpu, memory.peak())),
          leftBehind,
        })
      })
    } catch (error) {
      group?.remove()
      fail(error)
    }
  }

  /** SIGTERM to the whole tree, and SIGKILL after the grace time. */
  function end(one: Running): void {
    one.isEnding = true
    void signalTree(one, 'SIGTERM')
    one.timers.push(setTimeout(() => void signalTree(one, 'SIGKILL'), one.grace))
  }

  function read(line: string): void {
    const request = JSON.parse(line) as Request
    if ('start' in request) start(request)
    else {
      const one = running.get(request.stop)
      if (one && !one.hasEnded) end(one)
    }
  }

  createInterface({ input: process.stdin })
    .on('line', read)
    .on('close', async () => {
      await Promise.all([...running.values()].map((one) => killTree(one, { search: true })))
      for (const { group } of running.values()) group?.remove()
      if (sweeping) killStrays(() => false)
      process.exit()
    })
  // Ctrl-C in a terminal reaches the whole group: the worker says when to stop.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
}

/** If the machine has no more memory, commands end before the worker does, and before what people use. */
function endFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500')
  } catch {
    // Not on Linux.
  }
}

/** Leads a process group of its own, and joins its control group before it is the command. */
function spawnCommand(
  { argv, env, tag, cwd, user, ...files }: Start,
  group: AttemptGroup | undefined,
) {
  const [program = '', ...args] = group ? joining(argv) : argv
  const descriptors: number[] = []
  const open = (file: string, flags: string) => {
    const descriptor = openSync(file, flags, 0o600)
    descriptors.push(descriptor)
    // It may open it again, as /dev/stdin.
    if (user !== undefined) fchownSync(descriptor, user, user)
    return descriptor
  }
  const openEntry = (one: AttemptGroup) => {
    const descriptor = one.openEntry()
    descriptors.push(descriptor)
    return descriptor
  }
  try {
    return spawn(program, args, {
      cwd,
      env: { ...env, [tagVariable]: tag },
      detached: true,
      ...(user === undefined ? {} : { uid: user, gid: user }),
      stdio: [
        files.stdin === undefined ? 'ignore' : open(files.stdin, 'r'),
        open(files.stdout, 'w'),
        open(files.stderr, 'w'),
        ...(group ? [openEntry(group)] : []),
      ],
    })
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}

// The first argument tells the threads and processes of an instance's program apart.
serve(process.argv[3])
