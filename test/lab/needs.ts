/** What the lab needs of the machine it runs on. */
import { spawnSync } from 'node:child_process'

const tools = ['bash', 'curl', 'ip', 'mount', 'nsenter', 'openssl', 'setpriv', 'setsid', 'unshare']

const works = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** All that a machine of the lab is made of, tried once and gone with its namespaces. */
const trial = `
mount -t tmpfs tmpfs /run && mkdir /run/upper /run/work /run/root &&
mount -t overlay overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work /run/root &&
ip link add one type veth peer name other && echo 1 > /proc/sys/net/ipv4/ip_forward`

/** Why there can be no lab here, if so. */
export function whyNoLab(): string | undefined {
  if (process.platform !== 'linux') return 'It needs Linux.'
  if (process.getuid?.() !== 0) return 'It needs root, for namespaces.'
  for (const tool of tools) {
    if (!works('sh', '-c', `command -v ${tool}`)) return `It needs the command ${tool}.`
  }
  if (!works('unshare', ...namespaces, 'true')) return 'Namespaces are not allowed here.'
  if (!works('unshare', ...namespaces, 'sh', '-c', trial)) {
    return 'Overlays on a tmpfs, pairs of interfaces or forwarding are not allowed here.'
  }
  return undefined
}

/** Without it public addresses are not translated, and security groups let everything through. */
export const hasFirewall = () => works('sh', '-c', 'command -v nft')

export const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/** In namespaces of its own, which end with it, as it does with whoever started it. */
export function enclosed(command: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...namespaces, ...command]
}

/** Only where `enter.ts` has made namespaces for it. */
export const skipReason =
  process.env.TM_LAB === 'inside'
    ? undefined
    : `NOT TESTED: ${whyNoLab() ?? 'start it by npm run test:lab'}`
