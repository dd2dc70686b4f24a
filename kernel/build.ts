// Builds the SHA-512 kernel: generated WebAssembly text, assembled, as base64 in a TypeScript file.
// Run it with `node kernel/build.ts` after a change here; its output is committed.
import { writeFileSync } from 'node:fs'
import loadWabt from 'wabt'
import { kernelText } from './module.ts'

if (import.meta.main) {
  const target = new URL('../src/kinds/sha512/kernel.wasm.ts', import.meta.url)
  writeFileSync(target, await buildKernelSource())
}

/** The text of kernel.wasm.ts; the same on each run. */
export async function buildKernelSource(): Promise<string> {
  const base64 = Buffer.from(await assemble(kernelText())).toString('base64')
  return `// generated, do not edit\nexport const kernelWasm = '${base64}'\n`
}

async function assemble(text: string): Promise<Uint8Array> {
  const wabt = await loadWabt()
  const module = wabt.parseWat('kernel.wat', text, { simd: true })
  try {
    module.validate()
    return module.toBinary({}).buffer
  } finally {
    module.destroy()
  }
}
