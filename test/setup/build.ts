/** Before tests that run the built `tm`: builds it, unless `dist/` is what the sources build already. */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { isBuilt } from '../../scripts/build-stamp.ts'

const root = resolve(import.meta.dirname, '../..')

export default function build(): void {
  if (isBuilt(root)) return
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: 'inherit' })
}
