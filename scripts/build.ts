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
writeFileSync(manifest, JSON.stringify(plugin.manifest))
stamp(root, sources)
