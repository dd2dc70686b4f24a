import { Args } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { bashCompletion } from '../cli/completion/bash.ts'
import { completedCommands, type Shell, shells } from '../cli/completion/commands.ts'
import { fishCompletion } from '../cli/completion/fish.ts'
import { zshCompletion } from '../cli/completion/zsh.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

export default class Completion extends TmCommand {
  static override enableJsonFlag = false
  static override summary = 'Print a script that completes commands and flags in your shell.'
  static override description =
    `Completes commands, flags, and names of files where a command takes files. Put it where your shell \
looks at its start; a new version of tm brings a new script.`
  static override examples = [
    {
      description: 'bash: a line for ~/.bashrc',
      command: 'source <(<%= config.bin %> completion bash)',
    },
    {
      description: 'zsh: a line for ~/.zshrc, after compinit',
      command: 'source <(<%= config.bin %> completion zsh)',
    },
    {
      description: 'fish',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/tm.fish',
    },
  ]
  static override args = {
    shell: Args.string({
      required: true,
      ignoreStdin: true,
      options: [...shells],
      description: 'bash, zsh or fish',
    }),
  }

  async run(): Promise<void> {
    const { args } = await this.parse(Completion)
    const script = scripts[args.shell as Shell]
    this.log(script(this.config.bin, completedCommands(this.config)).trimEnd())
  }
}
