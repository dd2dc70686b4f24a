import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { nodesOf } from '../cli/nodes.ts'
import { pullResults } from '../cli/tasks/pull.ts'
import { noResults, showResults } from '../cli/tasks/show.ts'
import { requireInteger } from '../core/integers.ts'
import type { Result } from '../core/task.ts'

export default class Pull extends TmCommand {
  static override summary = 'Show the newest results, newest first.'
  static override description =
    `Over all nodes; reading a result does not remove it. On a terminal a table, with results \
shortened; elsewhere id, file, iterations, time and result between tabs, in full, page by page as they come.`
  static override examples = [
    '<%= config.bin %> pull --top 20',
    '<%= config.bin %> pull --top 1000 --json > results.json',
  ]
  static override flags = {
    top: Flags.string({ char: 't', default: '10', description: 'how many, from 1 to 1000000' }),
  }

  async run(): Promise<{ results: Omit<Result, 'took'>[] }> {
    const { flags } = await this.parse(Pull)
    const top = requireInteger('--top', flags.top, { min: 1, max: 1_000_000 })
    const saved = this.saved(flags.cluster)
    const nodes = nodesOf(saved)
    const results: Omit<Result, 'took'>[] = []
    const terminal = Boolean(process.stdout.isTTY)
    let first = true
    const { missing } = await pullResults({
      saved,
      nodes,
      top,
      show: (page, names) => {
        if (this.jsonEnabled()) results.push(...page.map(({ took: _, ...result }) => result))
        else this.log(showResults(page, { names, terminal, header: first }))
        first = false
      },
      onWarning: (text) => this.logToStderr(text),
    })
    if (missing === nodes.length) process.exitCode = 1
    if (first && terminal) this.log(noResults)
    return { results }
  }
}
