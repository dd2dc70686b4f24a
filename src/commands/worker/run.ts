import { readFileSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { pino } from 'pino'
import { TmCommand } from '../../cli/base.ts'
import { refuseOpen } from '../../cli/private.ts'
import { writeWhole } from '../../cli/saved.ts'
import { readSettings, settingFlags } from '../../cli/settings-flags.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import { keepPrivate } from '../../instance/privacy.ts'
import { stopSignal } from '../../instance/signals.ts'
import { giveWayToSlots } from '../../worker/priority.ts'
import { runWorker } from '../../worker/run.ts'

const workerSettings = ['slots', 'idleTimeout', 'lostAfter', 'lease'] as const

export default class WorkerRun extends TmCommand {
  static override enableJsonFlag = false
  static override summary = 'Run a worker in the foreground: lease, execute, report.'
  static override description =
    `Nodes launch workers by themselves; this is for looking at one, or for a machine of your own. It \
stops on SIGTERM or Ctrl-C, after the idle time, and when it reaches no node any more; what it has in \
its hands is finished or handed back.`
  static override examples = [
    '<%= config.bin %> worker run --id w-1 --url http://127.0.0.1:8080 --token-file ./token',
  ]
  static override flags = {
    id: Flags.string({ required: true, description: "the worker's id: the subject of its token" }),
    url: Flags.string({ required: true, description: 'its own node' }),
    'token-file': Flags.string({ required: true, description: 'file with its token, of mode 600' }),
    tag: Flags.string({ hidden: true, description: 'how its provider finds it' }),
    ...settingFlags(workerSettings),
  }

  async run(): Promise<void> {
    keepPrivate()
    const { flags } = await this.parse(WorkerRun)
    const log = pino({ base: { worker: flags.id } })
    await runWorker({
      id: flags.id,
      url: flags.url,
      token: readToken(flags['token-file']),
      onToken: async (token) => writeWhole(flags['token-file'], `${token}\n`),
      settings: readSettings(workerSettings, flags),
      onSlots: giveWayToSlots,
      signal: stopSignal(),
      log,
    })
  }
}

function readToken(file: string): string {
  try {
    refuseOpen(file)
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (error instanceof TmError) throw error
    throw new TmError('failed', `The token file can't be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
