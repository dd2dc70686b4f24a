/** `settings.md`, from the table of settings. */
import { formatSetting, settingNames, settings } from '../../src/core/settings.ts'
import { code, notice, page, table } from './markdown.ts'

const intro = `Flags of \`tm up\` and \`tm node serve\`; \`tm worker run\` takes four of them. \`tm up\` with new values changes \
a running cluster: what is not given stays as it is. Durations are written \`500ms\`, \`15s\`, \`10m\`, \`2h\`; \
sizes \`512KiB\`, \`16MiB\`. \`GET\` and \`PATCH /v1/settings\` use the names in the last column, with \
milliseconds, bytes, and 1 or 0 for on or off.`

const others = `On EC2 \`--boot-timeout\` is \`5m\` unless it is given: an instance takes longer to boot than a process. The flags \
that only clusters on EC2 have are with [\`tm up\`](commands.md#tm-up).`

export function settingsPage(): string {
  const rows = settingNames.map((name) => {
    const { flag, env, fallback, fallbackHere, min, max, summary } = settings[name]
    const show = (value: number) => formatSetting(name, value)
    const range = `${show(min)} to ${show(max)}`
    return [
      code(`--${flag}`),
      code(env),
      code(show(fallback)) + (fallbackHere ? `; on this machine ${fallbackHere}` : ''),
      range,
      summary,
      code(name),
    ]
  })
  const columns = ['flag', 'environment', 'default', 'from, to', 'meaning', 'in HTTP']
  const environment = [
    [code('TM_CLUSTER'), 'name of the cluster, as `--cluster`'],
    [code('TM_DATA_DIR'), 'the folder in which this machine remembers its clusters'],
    [code('NO_COLOR'), 'no colours, if it is not empty'],
  ]
  return page(
    ['# Settings'],
    [notice],
    [intro],
    table(columns, rows),
    [others],
    ['## Environment'],
    ['Besides those of the settings and of the AWS tools:'],
    table(['variable', 'meaning'], environment),
  )
}
