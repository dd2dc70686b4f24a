/** The switch `--commands`: whether this cluster runs programs that somebody sends. */
import { TmError } from '../../core/errors.ts'
import type { Settings } from '../../core/settings.ts'
import { suggest, tm } from '../../core/suggestions.ts'

/** Throws `forbidden`. Jobs that are here already go on. */
export function requireCommands({ commands }: Pick<Settings, 'commands'>): void {
  if (commands === 1) return
  throw new TmError(
    'forbidden',
    'This cluster runs no commands: it was told so with --no-commands',
    {
      suggestions: [suggest`Allow them: ${tm('up', { commands: 'on' })}`],
    },
  )
}
