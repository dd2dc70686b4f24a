/** A worker on an instance: when its work is over, the instance powers off. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { machineReader } from '../../../runtime/machine.ts'
import type { Tail } from '../../../runtime/tail.ts'
import { giveWayToSlots } from '../../../worker/priority.ts'
import { takeDelegated } from '../../../worker/runners/command/control-groups/delegated.ts'
import { createRunners } from '../../../worker/runners/runners.ts'
import { setUp } from '../../../worker/setup/setup.ts'
import { runWorker, type WorkerOptions } from '../../../worker/worker.ts'
import { writeWhole } from '../boot/install.ts'
import { folders, tokenFile, type WorkerConfig } from '../boot/machine-config.ts'
import { spotNotice } from '../machines/imds.ts'
import { createEnds } from './ends.ts'
import { stopBefore } from './notice.ts'
import { powerOffAt, powerOffForSure } from './power.ts'

/** What commands find in their environment. */
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
}
/** As often as AWS advises (EC2 User Guide, Spot Instance interruption notices). */
const noticeEveryMs = 5000

/** A machine whose program hangs, or can't start, ends after this; later if it may miss its nodes longer. */
const hungMinutes = 30
const marginMinutes = 10

export async function runInstanceWorker(
  { id, node, endsAt }: WorkerConfig,
  { signal, log, tail }: { signal: AbortSignal; log: Logger; tail: Tail },
): Promise<void> {
  const onError = (error: unknown) => log.error({ err: error }, 'powering off')
  powerOffAt(() => endsAt, signal).catch(onError)
  const stopping = new AbortController()
  signal.addEventListener('abort', () => stopping.abort())
  void watchForNotice(stopping, log)
  const token = readFileSync(tokenFile, 'utf8').trim()
  const onToken = (next: string) => writeWhole(tokenFile, next)
  const onSlots = giveWayToSlots
  const ends = createEnds({
    onError: (error) => log.error({ err: error }, 'putting off the end of this machine'),
  })
  const onContact = (lostAfterMs: number) =>
    ends.putOff(Math.max(hungMinutes, lostAfterMs / 60_000 + marginMinutes) * 60_000)
  const { signal: stopped } = stopping
  const machine = { read: machineReader(folders.data), isShared: false }
  const ownUsers = process.getuid?.() === 0
  const commands = { folder: folders.data, environment, clusterTag: '', ownUsers }
  const controlGroup = takeDelegated({ isOwnMachine: true })
  if ('why' in controlGroup)
    log.warn({ why: controlGroup.why }, 'commands have process groups only')
  const parts = { ...createRunners(commands, controlGroup), machine, ownUsers }
  const folder = join(folders.data, 'setup')
  const ownSetUp: WorkerOptions['setUp'] = (setup, how) =>
    setUp(setup, { folder, env: environment, ...how })
  const own = { settings: {}, signal: stopped, log, tail, setUp: ownSetUp }
  const options = { id, ...node, token, onToken, onSlots, onContact, ...parts, ...own }
  // A worker that fails is not restarted: its tasks return, and its node launches another.
  await runWorker(options).catch((error) => log.error({ err: error }, 'the worker failed'))
  // A signal means that the system goes down or the unit restarts. Otherwise this is the end.
  await powerOffForSure(signal)
}

async function watchForNotice(stopping: AbortController, log: Logger): Promise<void> {
  while (!stopping.signal.aborted) {
    const notice = await spotNotice().catch(() => undefined)
    if (notice) {
      log.warn({ notice }, 'AWS is about to reclaim this machine')
      stopping.abort(stopBefore(notice, Date.now()))
    }
    await sleep(noticeEveryMs, undefined, { signal: stopping.signal }).catch(() => {})
  }
}
