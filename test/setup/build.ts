/** Once before all tests: the end-to-end tests run what is built, so what is built is what is there. */
import { execFileSync } from 'node:child_process'

export default function build(): void {
  execFileSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' })
}
