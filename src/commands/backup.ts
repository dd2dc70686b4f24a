import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { downloadBackup } from '../cli/backup/download-backup.ts'
import { TmCommand } from '../cli/base.ts'
import { formatBytes } from '../core/bytes.ts'
import { messageOf, TmError } from '../core/errors.ts'
import { suggest, tm } from '../core/suggestions.ts'
import { pluralize } from '../core/text.ts'
import { type NodeLink, nodesOf } from '../state/cluster-nodes.ts'

export interface BackupResult {
  cluster: string
  files: { node: string; file: string; size: number; tasks: number }[]
  errors: { node: string; message: string }[]
}

export default class Backup extends TmCommand {
  static override changes = true
  static override summary = 'Back up every node: tasks, bodies and results.'
  static override description =
    `Writes one file per node: a snapshot of that node, which keeps working. It contains everything that \
was acknowledged before the command started. Whoever has the file can read all tasks; it holds no token. \
tm up --restore starts a cluster from backups. Stop the old cluster first: otherwise both do the tasks \
that are not done.`
  static override examples = [
    '<%= config.bin %> backup',
    '<%= config.bin %> backup --to backups --node node-1',
    {
      description: 'Start a cluster from backups',
      command: '<%= config.bin %> up --restore default-node-1-….db --restore default-node-2-….db',
    },
  ]
  static override flags = {
    to: Flags.string({ default: '.', description: 'directory for the files' }),
    node: Flags.string({ description: 'back up only this node' }),
  }

  async run(): Promise<BackupResult> {
    const { flags } = await this.parse(Backup)
    const state = this.clusterState(flags.cluster)
    const nodes = only(nodesOf(state), flags.node)
    mkdirSync(flags.to, { recursive: true, mode: 0o700 })
    const moment = new Date().toISOString().replace(/[-:.]/g, '')
    const result: BackupResult = { cluster: state.name, files: [], errors: [] }
    const signal = this.stopSignal
    for (const node of nodes) {
      const file = join(flags.to, `${state.name}-${node.id}-${moment}.db`)
      try {
        const { size, tasks } = await this.reporter.step(node.id, async (note) => {
          const found = await downloadBackup(node, file, { note, signal })
          note(`${pluralize(found.tasks, 'task')}, ${formatBytes(found.size)}`)
          return found
        })
        result.files.push({ node: node.id, file, size, tasks })
        this.log(file)
      } catch (error) {
        if (signal.aborted) throw interrupted(result)
        result.errors.push({ node: node.id, message: messageOf(error) })
        this.logToStderr(`Error: ${node.id} was not backed up: ${messageOf(error)}`)
        process.exitCode = 1
      }
    }
    return result
  }
}

function interrupted({ files }: BackupResult): TmError {
  const kept = `${pluralize(files.length, 'backup')} are complete, the one under way was removed`
  return new TmError('failed', `Interrupted; ${kept}`, {
    suggestions: [suggest`Back up all nodes: ${tm('backup')}`],
  })
}

function only(nodes: NodeLink[], id: string | undefined): NodeLink[] {
  const found = nodes.filter((node) => id === undefined || node.id === id)
  if (found.length > 0) return found
  throw new TmError('not_found', `There is no node ${id}`, {
    suggestions: [`Nodes of this cluster: ${nodes.map((node) => node.id).join(', ')}`],
  })
}
