/**
 * What to do after an error, as data: text and commands of tm. The code that throws an error does not
 * know the cluster's name or how the user called tm. The code that shows the error adds both, so that
 * a copied command reaches the same cluster.
 */

/** `local: false` is a command for a cluster on EC2, wherever the cluster at hand is. */
export type CommandFlags = Record<string, string | boolean>

/** A command of tm without the flags that select the cluster. */
export interface Command {
  /** Such as `up` or `node serve`; `null` is the command that failed. */
  run: string | null
  flags?: CommandFlags
  /** The arguments after the flags. */
  args?: string
}

/** Plain data, so that it can be sent between threads. */
export type Suggestion = string | Command | (string | Command)[]

/** How the user reached the cluster. */
export interface Place {
  cluster?: string
  region?: string
  profile?: string
  /** The cluster is on this machine: another `tm up` would create one on EC2. */
  local?: boolean
  /** The command that failed, such as `up`. */
  command?: string
}

/** A command to suggest: `tm('up', { nodes: '3' })`. */
export function tm(run: string, flags?: CommandFlags, args?: string): Command {
  return { run, ...(flags ? { flags } : {}), ...(args === undefined ? {} : { args }) }
}

/** The command that failed, once more. */
export const again: Command = { run: null }

/** A sentence that contains commands: ``suggest`Complete it: ${tm('up')}` ``. */
export function suggest(
  texts: TemplateStringsArray,
  ...values: (string | number | Command)[]
): Suggestion {
  return texts.flatMap((text, index) => {
    const value = values[index] ?? ''
    return [text, typeof value === 'object' ? value : String(value)].filter((part) => part !== '')
  })
}

export function renderSuggestion(suggestion: Suggestion, place: Place = {}): string {
  return [suggestion]
    .flat()
    .map((part) => (typeof part === 'string' ? part : renderCommand(part, place)))
    .join('')
}

/** Commands that are not for a single cluster. */
const withoutCluster = ['list', 'demo']
/** Commands on one cluster that call AWS. The others find it in this machine's files. */
export const withRegion = ['up', 'down', 'allow-ip', 'logs', 'policy']
const withProfile = [...withRegion, 'list']

/** A command that can be copied into a shell. */
export function renderCommand({ run, flags = {}, args }: Command, place: Place = {}): string {
  const name = run ?? place.command
  if (name === undefined) return 'the same command'
  const reach: CommandFlags = {}
  const { cluster = 'default', region, profile, local } = place
  if (cluster !== 'default' && !withoutCluster.includes(name)) reach.cluster = cluster
  if (region !== undefined && withRegion.includes(name) && !flags.local) reach.region = region
  if (profile !== undefined && withProfile.includes(name) && !flags.local) reach.profile = profile
  // Without it, `tm up` is about EC2.
  const here: CommandFlags = local && region === undefined && name === 'up' ? { local: true } : {}
  const words = Object.entries({ ...here, ...flags, ...reach, ...flags }).flatMap(
    ([flag, value]) => {
      if (value === false) return []
      return value === true ? `--${flag}` : `--${flag} ${value}`
    },
  )
  return ['tm', name, ...words, ...(args === undefined ? [] : [args])].join(' ')
}
