import { TmCommand } from '../cli/base.ts'
import { type DemoResult, runDemo } from '../cli/demo/demo.ts'
import { TmError } from '../core/errors.ts'

export default class Demo extends TmCommand {
  static override changes = true
  static override summary = 'Run a cluster on this machine from up to down, and check every result.'
  static override description =
    `Starts two nodes, enqueues 200 files, shows how the cluster scales, checks every result, runs a \
command for 40 files, checks what it leaves, removes the cluster and checks that nothing is left. It takes less than a minute and uses a \
temporary directory. The exit code is 0 only if every check passes.`
  static override examples = ['<%= config.bin %> demo']

  async run(): Promise<DemoResult> {
    await this.parse(Demo)
    const began = performance.now()
    const result = await runDemo({
      // Its data directory is a temporary one.
      launcher: { command: this.machineCommand(), env: this.machineEnvironment('') },
      reporter: this.reporter,
      print: (text) => this.log(`\n${text}\n`),
      signal: this.stopSignal,
    })
    if (result.remaining > 0) {
      throw new TmError('failed', `${result.remaining} processes of the demo are still running`)
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const { correct, tasks, outputs } = result
    const right = `${correct} of ${tasks} results and ${outputs} outputs of commands are correct`
    this.log(`${right}, no process is left. ${seconds} s.`)
    return result
  }
}
