/**
 * Unit files, as far as the lab knows them: what it can not do is an error or is said in the
 * journal, never silently left out. After systemd.service(5), systemd.unit(5), systemd.exec(5).
 */

export interface Unit {
  command: string[]
  environment: Record<string, string>
  /** Read at each start; with a `-` in front it may be missing. */
  environmentFiles: string[]
  directory: string
  umask: string
  user?: string
  noNewPrivileges: boolean
  restart: 'no' | 'always' | 'on-failure'
  restartMs: number
  stopMs: number
  startLimit: { burst: number; intervalMs: number }
  wantedBy: string[]
  /** Lines that have no effect here. */
  ignored: string[]
}

/** Known, and without a meaning in the lab. */
const harmless =
  /^(Description|Documentation|After|Before|Wants|Requires|Type|KillMode|Limit\w+|DefaultDependencies|OOMScoreAdjust)$/

export function parseUnit(text: string): Unit {
  const entries = text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^[A-Za-z]+=/.test(line))
    .map((line): [string, string] => [line.replace(/=.*/, ''), line.replace(/^\w+=/, '').trim()])
  const used = new Set<string>()
  const all = (key: string) => {
    used.add(key)
    return entries.filter(([name]) => name === key).map(([, value]) => value)
  }
  const last = (key: string, otherwise: string) => all(key).at(-1) || otherwise
  const type = last('Type', 'simple')
  if (!['simple', 'exec'].includes(type)) throw new Error(`the lab has no Type=${type}`)
  const restart = last('Restart', 'no')
  if (restart !== 'no' && restart !== 'always' && restart !== 'on-failure') {
    throw new Error(`the lab has no Restart=${restart}`)
  }
  const user = last('User', '')
  const unit: Omit<Unit, 'ignored'> = {
    command: words(last('ExecStart', '')),
    environment: Object.fromEntries(
      all('Environment')
        .flatMap(words)
        .map((word) => [word.split('=')[0], word.replace(/^[^=]*=/, '')]),
    ),
    environmentFiles: all('EnvironmentFile'),
    directory: last('WorkingDirectory', '/'),
    umask: last('UMask', '0022'),
    ...(user && { user }),
    noNewPrivileges: /^(yes|true|on|1)$/.test(last('NoNewPrivileges', 'no')),
    restart,
    restartMs: span(last('RestartSec', '100ms')),
    stopMs: span(last('TimeoutStopSec', '90s')),
    startLimit: {
      burst: Number(last('StartLimitBurst', '5')),
      intervalMs: span(last('StartLimitIntervalSec', '10s')),
    },
    wantedBy: all('WantedBy').flatMap(words),
  }
  if (unit.command.length === 0) throw new Error('Unit has no ExecStart= setting. Refusing.')
  const ignored = entries.filter(([key]) => !used.has(key) && !harmless.test(key))
  return { ...unit, ignored: ignored.map(([key, value]) => `${key}=${value}`) }
}

/** Words with their quotes taken off; expansion is not there, so what asks for it is refused. */
export function words(text: string): string[] {
  if (/[$%]/.test(text)) throw new Error(`the lab's systemd expands nothing: ${text}`)
  const found = text.matchAll(/(?:"([^"]*)"|'([^']*)'|[^\s"'])+/g)
  return [...found].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

/** Milliseconds of a time span; a number alone is seconds (systemd.time(7)). */
export function span(text: string): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  const units: Record<string, number> = {
    '': 1000,
    ms: 1,
    s: 1000,
    sec: 1000,
    min: 60_000,
    h: 3.6e6,
  }
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text) ?? []
  const factor = units[unit]
  if (!number || factor === undefined) throw new Error(`no time span: ${text}`)
  return Number(number) * factor
}
