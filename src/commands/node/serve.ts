import { randomBytes } from 'node:crypto'
import { Flags } from '@oclif/core'
import { pino } from 'pino'
import { TmCommand } from '../../cli/base.ts'
import { launchWorker, providerOf, readAddress, writeAddress } from '../../cli/local/machines.ts'
import { both, readInteger, readSettings, settingFlags } from '../../cli/settings-flags.ts'
import { settingNames } from '../../core/settings.ts'
import { keepPrivate } from '../../instance/privacy.ts'
import { serveUntil } from '../../instance/serve-until.ts'
import { stopSignal } from '../../instance/signals.ts'
import { type NodeOptions, startNode } from '../../node/serve.ts'

export default class NodeServe extends TmCommand {
  static override enableJsonFlag = false
  static override summary = 'Run a node in the foreground: API, queue, scaler.'
  static override description =
    `tm up starts nodes by itself; this is for looking at one. It listens on loopback only, logs JSON \
lines to stdout, and stops well on SIGTERM or Ctrl-C.`
  static override examples = [
    '<%= config.bin %> node serve --id node-1',
    '<%= config.bin %> node serve --id node-1 --port 8080 --scale-after 1s',
  ]
  static override flags = {
    id: Flags.string({ default: 'node-1', description: "the node's id" }),
    port: Flags.string({
      description: 'port to listen on [default: the one it had before, or any free one]',
    }),
    tag: Flags.string({ hidden: true, description: 'how its provider finds it' }),
    ...settingFlags(settingNames),
  }

  async run(): Promise<void> {
    keepPrivate()
    // From the first moment: a node that was told to stop while it started stops well too.
    const stopping = stopSignal()
    const { flags } = await this.parse(NodeServe)
    const [settings, port] = both(
      () => readSettings(settingNames, flags),
      () => readInteger('--port', flags.port, { min: 0, max: 65535 }),
    )
    const saved = this.saved(flags.cluster)
    saved.create()
    const { id } = flags
    const log = pino({ base: { node: id } })
    const provider = providerOf(saved, {
      command: this.machineCommand(),
      env: this.machineEnvironment(),
    })
    const options = (): Omit<NodeOptions, 'port'> => ({
      id,
      cluster: saved.name,
      version: this.config.version,
      folder: saved.nodeFolder(id),
      host: '127.0.0.1',
      keys: saved.keys(),
      settings,
      provider,
      launchWorker: (worker) => launchWorker(saved, provider, { ...worker, node: id }),
      newWorkerId: () => `${id}-w-${randomBytes(4).toString('hex')}`,
      log,
    })
    await serveUntil(stopping, async () => {
      const before = new URL(readAddress(saved, id)?.url ?? 'http://127.0.0.1:0').port
      const node = await startAt(options(), port, Number(before))
      writeAddress(saved, id, { url: node.url, pid: process.pid })
      return node
    })
  }
}

/** Its workers know a node by its address: it keeps the old one as long as nobody else took it. */
async function startAt(
  options: Omit<NodeOptions, 'port'>,
  wanted: number | undefined,
  before: number,
) {
  if (wanted !== undefined || before === 0)
    return await startNode({ ...options, port: wanted ?? 0 })
  return await startNode({ ...options, port: before, orAnyPort: true })
}
