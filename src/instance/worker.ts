/** A worker on an instance: works until it has to go, and takes the instance with it. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { spotNotice } from '../provider/ec2/imds.ts'
import { giveWayToSlots } from '../worker/priority.ts'
import { runWorker } from '../worker/run.ts'
import { writeWhole } from './boot/install.ts'
import { tokenFile, type WorkerConfig } from './machine.ts'
import { callOffShutdown, powerOff, powerOffAt } from './power.ts'

/** AWS takes a spot instance 2 minutes after its notice: so long may running tasks take to end. */
const finishWithin = 90_000
/** As often as AWS advises (EC2 User Guide, Spot Instance interruption notices). */
const noticeEvery = 5000

export async function runInstanceWorker(
  { id, node, endsAt }: WorkerConfig,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<void> {
  await callOffShutdown()
  const onError = (error: unknown) => log.error({ err: error }, 'powering off')
  powerOffAt(() => endsAt, signal).catch(onError)
  const stopping = new AbortController()
  signal.addEventListener('abort', () => stopping.abort())
  void watchForNotice(stopping, log)
  const token = readFileSync(tokenFile, 'utf8').trim()
  const onToken = (next: string) => writeWhole(tokenFile, next)
  const onSlots = giveWayToSlots
  const { signal: stopped } = stopping
  const options = { id, ...node, token, onToken, onSlots, settings: {}, signal: stopped, log }
  // One that can't work is of no use to anybody: its tasks come back, its node launches another.
  await runWorker(options).catch((error) => log.error({ err: error }, 'the worker failed'))
  // Told to stop by the system: it is going down, or the unit is restarted. All else is the end.
  if (!signal.aborted) await powerOff()
}

async function watchForNotice(stopping: AbortController, log: Logger): Promise<void> {
  while (!stopping.signal.aborted) {
    const notice = await spotNotice().catch(() => undefined)
    if (notice) {
      log.warn({ notice }, 'this machine is about to be taken away')
      stopping.abort({ why: 'its machine is about to be taken away', finishWithin })
    }
    await sleep(noticeEvery, undefined, { signal: stopping.signal }).catch(() => {})
  }
}
