/** Writes the pages of `docs/reference/` from what the code declares: `npm run docs`. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { isBuilt } from '../build-stamp.ts'
import { createPages, folder, root } from './pages.ts'

if (!isBuilt(root)) {
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: 'inherit' })
}
for (const [name, text] of Object.entries(createPages())) writeFileSync(`${folder}/${name}`, text)
