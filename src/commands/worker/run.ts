import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Flags } from '@oclif/core'
import { TmCommand } from '../../cli/base.ts'
import { readMachineId, readSettings, settingFlags } from '../../cli/flags/settings.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import { refuseOverload } from '../../core/one-computer.ts'
import { clusterTagIn } from '../../core/process-tags.ts'
import { closeInherited } from '../../runtime/descriptors.ts'
import { createLog } from '../../runtime/log.ts'
import { machineReader } from '../../runtime/machine.ts'
import { keepPrivate } from '../../runtime/privacy.ts'
import { refuseOpen } from '../../runtime/private-file.ts'
import { stopSignal } from '../../runtime/signals.ts'
import { writeWhole } from '../../state/whole-file.ts'
import { giveWayToSlots } from '../../worker/priority.ts'
import { takeDelegated } from '../../worker/runners/command/control-groups/delegated.ts'
import { createRunners } from '../../worker/runners/runners.ts'
import { runWorker } from '../../worker/worker.ts'

const workerSettings = ['slots', 'idleTimeout', 'lostAfter', 'lease'] as const

export default class WorkerRun extends TmCommand {
  static override enableJsonFlag = false
  static override changes = true
  static override isService = true
  static override summary = 'Run a worker in the foreground: lease, execute, report.'
  static override description =
    `Nodes launch workers by themselves; run this to watch one, or to add a machine of your own. It stops \
on SIGTERM or Ctrl-C, after the idle time, and when it reaches no node; running tasks finish or \
return to the queue.`
  static override examples = [
    '<%= config.bin %> worker run --id w-1 --url http://127.0.0.1:8080 --token-file ./token',
  ]
  static override flags = {
    id: Flags.string({ required: true, description: "the worker's id: the subject of its token" }),
    url: Flags.string({ required: true, description: 'URL of its node' }),
    'token-file': Flags.string({ required: true, description: 'file with its token, mode 600' }),
    tag: Flags.string({ hidden: true, description: 'how the provider finds it' }),
    ...settingFlags(workerSettings),
  }

  async run(): Promise<void> {
    keepPrivate()
    const { flags } = await this.parse(WorkerRun)
    if (flags.tag !== undefined) closeInherited()
    const id = readMachineId('--id', flags.id)
    const settings = readSettings(workerSettings, flags)
    const computer = { cores: availableParallelism(), nodes: 1 }
    refuseOverload({ maxWorkers: 1, slots: settings.slots ?? 1 }, computer)
    const { log, tail } = createLog({ worker: id })
    const folder = process.cwd()
    const controlGroup = takeDelegated({ isOwnMachine: false })
    if ('why' in controlGroup)
      log.info({ why: controlGroup.why }, 'commands have process groups only')
    await runWorker({
      id,
      url: flags.url,
      token: readToken(flags['token-file']),
      onToken: async (token) => writeWhole(flags['token-file'], `${token}\n`),
      ...createRunners(
        {
          folder,
          environment: this.commandEnvironment(),
          clusterTag: clusterTagIn(flags.tag),
        },
        controlGroup,
      ),
      machine: { read: machineReader(folder), isShared: true },
      settings,
      onSlots: giveWayToSlots,
      signal: stopSignal(),
      log,
      tail,
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
