import { Args, Flags } from '@oclif/core'
import type { Result } from '../api/client.ts'
import { TmCommand } from '../cli/base.ts'
import { notWritten, writeAll, writeBytes } from '../cli/ending/stdout.ts'
import { type PulledJob, pullJob } from '../cli/jobs/pull.ts'
import { jsonList } from '../cli/output/json-list.ts'
import { noResults, showResults } from '../cli/output/results.ts'
import { widthOf } from '../cli/output/terminal.ts'
import { maxTop, pullResults } from '../cli/tasks/pull.ts'
import { requireInteger } from '../core/integers.ts'
import { type Suggestion, suggest, tm } from '../core/suggestions.ts'
import { number } from '../core/text.ts'
import { nodesOf } from '../state/cluster-nodes.ts'
import { named } from '../state/file-names.ts'

export default class Pull extends TmCommand {
  static override summary = 'Show the newest results, newest first, or fetch the outputs of a job.'
  static override description =
    `Collects from all nodes; pulling a result does not remove it. The exit code is 1 if a node did not \
answer: its results are missing. Prints a table with shortened results \
on a terminal. Elsewhere it prints id, file, parameters, time and the whole result, separated by tabs.`
  static override examples = [
    '<%= config.bin %> pull --top 20',
    '<%= config.bin %> pull --top 1000 --json > results.json',
    { description: 'The outputs of a job', command: '<%= config.bin %> pull 3 --to out' },
  ]
  static override args = {
    job: Args.string({
      ignoreStdin: true,
      description: 'fetch the outputs of this job instead: its number, its name, last',
    }),
  }
  static override flags = {
    to: Flags.string({ description: 'the folder for the outputs of a job, such as out/{n}' }),
    overwrite: Flags.boolean({ description: 'replace files that have other content' }),
    top: Flags.string({
      char: 't',
      default: '10',
      description: 'how many results, from 1 to 1000000',
    }),
  }

  async run(): Promise<PulledJob | undefined> {
    const { args, flags } = await this.parse(Pull)
    if (args.job !== undefined) return await this.pullJob(args.job, flags)
    const top = requireInteger('--top', flags.top, { min: 1, max: maxTop })
    const state = this.clusterState(flags.cluster)
    const nodes = nodesOf(state)
    const printer = this.jsonEnabled() ? this.asJson() : this.asText()
    const onWarning = (text: string) => this.logToStderr(text)
    const { show, end } = printer
    const { failedNodes, found, shown } = await pullResults({ state, nodes, top, show, onWarning })
    if (failedNodes > 0) process.exitCode = 1
    if (shown < found) {
      throw notWritten(`${number(shown)} of ${number(found)} results were written`, [
        'The others are not marked as pulled. Make room, then run the same command again',
      ])
    }
    await end()
    return undefined
  }

  private async pullJob(
    name: string,
    { cluster, to = '.', overwrite }: { cluster: string; to?: string; overwrite: boolean },
  ): Promise<PulledJob> {
    const result = await pullJob({
      nodes: nodesOf(this.clusterState(cluster)),
      name,
      to,
      overwrite,
      reporter: this.reporter,
      print: async (bytes) => this.jsonEnabled() || (await writeBytes(bytes)),
    })
    if (result.failed > 0 || result.open > 0) process.exitCode = 1
    return result
  }

  protected override whatGoesOn(): Suggestion {
    return suggest`The nodes keep all results. Again: ${tm('pull')}`
  }

  private asText() {
    const width = widthOf(process.stdout)
    let header = true
    return {
      show: async (page: Result[], names: Map<string, string>) => {
        const lines = showResults(page, { names, width, header }).split('\n')
        const others = lines.length - page.length
        header = false
        return Math.max(0, (await writeAll(lines.map((line) => `${line}\n`))) - others)
      },
      end: async () => {
        if (header && width !== undefined) this.log(noResults)
      },
    }
  }

  private asJson() {
    const list = jsonList('results', writeAll)
    return {
      show: (page: Result[], names: Map<string, string>) =>
        list.add(page.map((result) => named(result, names))),
      end: list.end,
    }
  }

  /** `run` returns nothing, because it has already printed the JSON. */
  protected override logJson(json: unknown): void {
    if (json !== undefined) super.logJson(json)
  }
}
