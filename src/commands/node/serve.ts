import { availableParallelism } from 'node:os'
import { Flags } from '@oclif/core'
import { TmCommand } from '../../cli/base.ts'
import { readBoth, readMachineId, readSettings, settingFlags } from '../../cli/flags/settings.ts'
import { requirePort } from '../../core/ports.ts'
import { settingNames } from '../../core/settings.ts'
import { type ServeOptions, serveUntil, startNode } from '../../node/serve.ts'
import { providerOf, readAddress, writeAddress } from '../../provider/local/cluster/machines.ts'
import { closeInherited } from '../../runtime/descriptors.ts'
import { createLog } from '../../runtime/log.ts'
import { machineReader } from '../../runtime/machine.ts'
import { keepPrivate } from '../../runtime/privacy.ts'
import { stopSignal } from '../../runtime/signals.ts'
import { recordIn } from '../../state/cluster-location.ts'

export default class NodeServe extends TmCommand {
  static override enableJsonFlag = false
  static override changes = true
  static override isService = true
  static override summary = 'Run a node in the foreground: API, queue, scaler.'
  static override description =
    `tm up starts nodes by itself; run this to watch one. It listens on loopback only, logs JSON lines to \
stdout, and stops cleanly on SIGTERM or Ctrl-C.`
  static override examples = [
    '<%= config.bin %> node serve --id node-1',
    '<%= config.bin %> node serve --id node-1 --port 8080 --scale-after 1s',
  ]
  static override flags = {
    id: Flags.string({ default: 'node-1', description: "the node's id" }),
    port: Flags.string({
      description: 'port to listen on [default: its previous port, or any free one]',
    }),
    tag: Flags.string({ hidden: true, description: 'how the provider finds it' }),
    ...settingFlags(settingNames),
  }

  async run(): Promise<void> {
    keepPrivate()
    // First, so that a stop signal during the start also ends the node cleanly.
    const stopping = stopSignal()
    const { flags } = await this.parse(NodeServe)
    if (flags.tag !== undefined) closeInherited()
    const [settings, port] = readBoth(
      () => readSettings(settingNames, flags),
      () => (flags.port === undefined ? undefined : requirePort('--port', flags.port, 0)),
    )
    const id = readMachineId('--id', flags.id)
    const state = this.clusterState(flags.cluster)
    state.create()
    const { log, tail } = createLog({ node: id })
    const provider = providerOf(state, {
      command: this.machineCommand(),
      env: this.machineEnvironment(),
    })
    const options = (): Omit<ServeOptions, 'port'> => ({
      id,
      cluster: state.name,
      version: this.config.version,
      folder: state.nodeFolder(id),
      host: '127.0.0.1',
      keys: state.keys(),
      settings,
      computer: { cores: availableParallelism(), nodes: recordIn(state)?.nodes.length || 1 },
      machine: machineReader(state.folder),
      provider,
      log,
      tail,
    })
    await serveUntil(stopping, async () => {
      const before = new URL(readAddress(state, id)?.url ?? 'http://127.0.0.1:0').port
      const node = await startAt(options(), port, Number(before))
      writeAddress(state, id, { url: node.url, pid: process.pid })
      return node
    })
  }
}

/** Keeps the port, unless another program took it: workers know the node by its address. */
async function startAt(
  options: Omit<ServeOptions, 'port'>,
  wanted: number | undefined,
  before: number,
) {
  if (wanted !== undefined || before === 0)
    return await startNode({ ...options, port: wanted ?? 0 })
  return await startNode({ ...options, port: before, orAnyPort: true })
}
