/** Builds `dist/` from `src/`, and the manifest that lets oclif answer `--help` without loading commands. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'
import { hashOf, stamp } from './build-stamp.ts'
import { bundle } from './bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = `${root}/oclif.manifest.json`

// Taken before the build: an edit during the build is not part of it.
const sources = hashOf(root)
rmSync(`${root}/dist`, { recursive: true, force: true })
rmSync(manifest, { force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
await plugin.load()
await bundle(root, plugin.version)
// oclif lists commands in the order in which it found their files, which differs from time to time.
const commands = Object.entries(plugin.manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  manifest,
  JSON.stringify({ ...plugin.manifest, commands: Object.fromEntries(commands) }),
)
stamp(root, sources)
