import { TmCommand } from '../cli/base.ts'
import { type DemoResult, runDemo } from '../cli/demo/demo.ts'
import { TmError } from '../core/errors.ts'
import { stopSignal } from '../instance/signals.ts'

export default class Demo extends TmCommand {
  static override summary = 'Show the whole life of a cluster on this machine, and check it.'
  static override description =
    `Brings a local cluster of two nodes up, enqueues 200 real files, shows how it scales, checks every \
result, shows health, takes it down and proves that nothing is left. Takes less than a minute, in a \
temporary folder of its own. The exit code is 0 only if all of it is true.`
  static override examples = ['<%= config.bin %> demo']

  async run(): Promise<DemoResult> {
    await this.parse(Demo)
    const began = performance.now()
    const result = await runDemo({
      launcher: { command: this.machineCommand(), env: this.machineEnvironment() },
      reporter: this.reporter,
      print: (text) => this.log(`\n${text}\n`),
      signal: stopSignal(),
    })
    if (result.remaining > 0) {
      throw new TmError('failed', `${result.remaining} processes of the demo are still there`)
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    this.log(
      `${result.correct} of ${result.tasks} results are right, no process is left. ${seconds} s.`,
    )
    return result
  }
}
