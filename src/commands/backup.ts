import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { fetchBackup } from '../cli/backup/fetch.ts'
import { TmCommand } from '../cli/base.ts'
import { type NodeLink, nodesOf } from '../cli/nodes.ts'
import { counted } from '../cli/progress.ts'
import { formatBytes } from '../core/bytes.ts'
import { messageOf, TmError } from '../core/errors.ts'

export interface BackupResult {
  cluster: string
  files: { node: string; file: string; size: number; tasks: number }[]
  errors: { node: string; message: string }[]
}

export default class Backup extends TmCommand {
  static override summary = 'Copy all that the nodes have: tasks, bodies, results.'
  static override description =
    `A file for each node, as the node was at one moment, while it goes on working. What is acknowledged \
before the command begins is in it. Whoever has the file can read all tasks; it holds no token. tm up \
--restore starts a cluster from it: stop the old one first, or what is not done is done by both.`
  static override examples = [
    '<%= config.bin %> backup',
    '<%= config.bin %> backup --to backups --node node-1',
    {
      description: 'Start a cluster from it',
      command: '<%= config.bin %> up --restore default-node-1-….db --restore default-node-2-….db',
    },
  ]
  static override flags = {
    to: Flags.string({ default: '.', description: 'folder for the files' }),
    node: Flags.string({ description: 'only this node' }),
  }

  async run(): Promise<BackupResult> {
    const { flags } = await this.parse(Backup)
    const saved = this.saved(flags.cluster)
    const nodes = only(nodesOf(saved), flags.node)
    mkdirSync(flags.to, { recursive: true, mode: 0o700 })
    const moment = new Date().toISOString().replace(/[-:.]/g, '')
    const result: BackupResult = { cluster: saved.name, files: [], errors: [] }
    for (const node of nodes) {
      const file = join(flags.to, `${saved.name}-${node.id}-${moment}.db`)
      try {
        const { size, tasks } = await this.reporter.step(node.id, async (note) => {
          const found = await fetchBackup(node, file, note)
          note(`${counted(found.tasks, 'task')}, ${formatBytes(found.size)}`)
          return found
        })
        result.files.push({ node: node.id, file, size, tasks })
        this.log(file)
      } catch (error) {
        result.errors.push({ node: node.id, message: messageOf(error) })
        this.logToStderr(`Error: no backup of ${node.id}: ${messageOf(error)}`)
        process.exitCode = 1
      }
    }
    return result
  }
}

function only(nodes: NodeLink[], id: string | undefined): NodeLink[] {
  const found = nodes.filter((node) => id === undefined || node.id === id)
  if (found.length > 0) return found
  throw new TmError('not_found', `There is no node ${id}`, {
    suggestions: [`Its nodes: ${nodes.map((node) => node.id).join(', ')}`],
  })
}
