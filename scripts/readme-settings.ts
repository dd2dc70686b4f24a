/** Prints the README's table of settings from the one in the code: `node scripts/readme-settings.ts`. */
import { formatSetting, settingNames, settings } from '../src/core/settings.ts'

const rows = settingNames.map((name) => {
  const { flag, env, fallback, summary } = settings[name]
  return `| \`--${flag}\` | \`${env}\` | \`${formatSetting(name, fallback)}\` | ${summary} |`
})
console.log(['| flag | environment | default | |', '|---|---|---|---|', ...rows].join('\n'))
