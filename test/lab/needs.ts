/** What the lab needs of the machine it runs on. */
import { execFileSync } from 'node:child_process'

/** Why there can be no lab here, if so. */
export function whyNoLab(): string | undefined {
  if (process.platform !== 'linux') return 'It needs Linux.'
  if (process.getuid?.() !== 0) return 'It needs root, for namespaces.'
  for (const tool of ['ip', 'unshare', 'nsenter', 'curl', 'openssl', 'bash']) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    } catch {
      return `It needs the command ${tool}.`
    }
  }
  try {
    execFileSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true'], { stdio: 'ignore' })
  } catch {
    return 'Namespaces are not allowed here.'
  }
  return undefined
}

/** Only where `enter.ts` has made namespaces for it. */
export const skipReason =
  process.env.TM_LAB === 'inside'
    ? undefined
    : `NOT TESTED: ${whyNoLab() ?? 'start it by npm run test:lab'}`
