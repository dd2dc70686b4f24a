import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { jsonList } from '../cli/json-list.ts'
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

  async run(): Promise<void> {
    const { flags } = await this.parse(Pull)
    const top = requireInteger('--top', flags.top, { min: 1, max: 1_000_000 })
    const saved = this.saved(flags.cluster)
    const nodes = nodesOf(saved)
    const printer = this.jsonEnabled() ? this.asJson() : this.asText()
    const onWarning = (text: string) => this.logToStderr(text)
    const { missing } = await pullResults({ saved, nodes, top, show: printer.show, onWarning })
    if (missing === nodes.length) process.exitCode = 1
    printer.end()
  }

  private asText() {
    const terminal = Boolean(process.stdout.isTTY)
    let header = true
    return {
      show: (page: Result[], names: Map<string, string>) => {
        this.log(showResults(page, { names, terminal, header }))
        header = false
      },
      end: () => {
        if (header && terminal) this.log(noResults)
      },
    }
  }

  private asJson() {
    const list = jsonList('results', (text) => process.stdout.write(text))
    return {
      show: (page: Result[]) => list.add(page.map(({ took: _, ...result }) => result)),
      end: list.end,
    }
  }

  /** What is printed already comes back as nothing. */
  protected override logJson(json: unknown): void {
    if (json !== undefined) super.logJson(json)
  }
}
