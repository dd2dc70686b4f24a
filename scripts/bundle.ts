/**
 * Builds what instances run into `dist/instance/`: `tm.mjs.gz`, the program, and the two loaders that
 * travel in boot scripts. Each is one file that needs nothing but Node.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'

export async function bundle(root: string, version: string): Promise<void> {
  const folder = `${root}/dist/instance`
  await build({
    absWorkingDir: root,
    entryPoints: {
      tm: 'src/provider/ec2/instance/main.ts',
      'boot-node': 'src/provider/ec2/instance/node-loader.ts',
      'boot-worker': 'src/provider/ec2/instance/worker-loader.ts',
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // ES modules first: esbuild drops unused parts of them, but not of CommonJS.
    mainFields: ['module', 'main'],
    define: { tmVersion: JSON.stringify(version) },
    plugins: [unused],
    // Some libraries are CommonJS and load Node's modules with `require`.
    banner: {
      js: "import{createRequire as tmRequire}from'node:module';const require=tmRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  })
  const program = gzipSync(readFileSync(`${folder}/tm.mjs`), { level: 9 })
  writeFileSync(`${folder}/tm.mjs.gz`, program)
  rmSync(`${folder}/tm.mjs`)
}

/** Leaves out parts of libraries that we do not use: a third of the whole. */
const unused: Plugin = {
  name: 'unused',
  setup(builder) {
    // Clients with a method for each action; we send commands to the plain client.
    builder.onLoad({ filter: /client-(ec2|iam|sts)\/dist-es\/(EC2|IAM|STS)\.js$/ }, () => ({
      contents: 'export class EC2 {} export class IAM {} export class STS {}',
    }))
    // Error messages in fifty languages; English comes from another file.
    builder.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {}' }))
  },
}
