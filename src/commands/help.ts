import { loadHelpClass } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { commandNames, unknownCommand } from '../cli/usage/unknown-command.ts'

export default class Help extends TmCommand {
  static override enableJsonFlag = false
  static override strict = false
  static override summary = 'Show the help of a command, or all commands.'
  static override description =
    'The same as --help after a command: tm help up and tm up --help show the same text.'
  static override examples = ['<%= config.bin %> help up', '<%= config.bin %> help node serve']

  async run(): Promise<void> {
    const given = this.argv.filter((word) => !word.startsWith('-')).join(' ')
    const id = given.replaceAll(' ', ':')
    if (id !== '' && !this.config.findCommand(id) && !this.config.findTopic(id)) {
      throw unknownCommand(this.config.bin, given, commandNames(this.config))
    }
    const HelpClass = await loadHelpClass(this.config)
    await new HelpClass(this.config, this.config.pjson.oclif.helpOptions).showHelp(this.argv)
  }
}
