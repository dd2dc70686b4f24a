// Iterated SHA-512 on the WebAssembly kernel: sha512(body), then sha512 of each digest. The kernel has
// its own small memory for state and message; this file copies data in and calls it.
import { kernelWasm } from './kernel.wasm.ts'
import { layout } from './layout.ts'

export interface Chain {
  /**
   * SHA-512 applied `iterations` times (1 to 2^53 - 1): to `body`, then to each digest. Calls
   * `shouldStop` every few milliseconds, and returns undefined once it is true.
   */
  run(
    body: Uint8Array,
    iterations: number,
    shouldStop?: () => boolean,
  ): Uint8Array<ArrayBuffer> | undefined
  /** Makes V8 optimise the kernel, which is 13 times slower before. Takes 30 ms. */
  warmUp(): void
}

interface Kernel {
  readonly memory: WebAssembly.Memory
  begin(): void
  absorb(blocks: number): void
  iterate(count: number): void
}

const { state, window, windowBytes } = layout
const blockBytes = 128
const digestBytes = 64

// Iterations per call: 2.7 ms of work. V8 switches to optimised code only between calls.
const chunk = 16_384

export function createChain(): Chain {
  const module = new WebAssembly.Module(Buffer.from(kernelWasm, 'base64'))
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel
  const bytes = new Uint8Array(kernel.memory.buffer)
  const view = new DataView(kernel.memory.buffer)

  const chain: Chain = {
    run(body, iterations, shouldStop = never) {
      if (!Number.isSafeInteger(iterations) || iterations < 1) {
        throw new RangeError(`iterations must be a positive integer, not ${iterations}`)
      }
      if (!hashBody(body, shouldStop)) return undefined
      if (!iterate(iterations - 1, shouldStop)) return undefined
      return bytes.slice(state, state + digestBytes)
    },
    warmUp: () => warmUp(chain),
  }
  return chain

  /** False when stopped. */
  function hashBody(body: Uint8Array, shouldStop: () => boolean): boolean {
    kernel.begin()
    let start = 0
    for (; body.length - start > windowBytes; start += windowBytes) {
      bytes.set(body.subarray(start, start + windowBytes), window)
      kernel.absorb(windowBytes / blockBytes)
      if (shouldStop()) return false
    }
    bytes.set(start === 0 ? body : body.subarray(start), window)
    kernel.absorb(pad(body.length - start, body.length))
    return true
  }

  /** Pads the last bytes in the window (FIPS 180-4, 5.1.2); returns their number of blocks. */
  function pad(lastBytes: number, totalBytes: number): number {
    const blocks = Math.ceil((lastBytes + 17) / blockBytes)
    const end = window + blocks * blockBytes
    bytes[window + lastBytes] = 0x80
    bytes.fill(0, window + lastBytes + 1, end - 8)
    view.setUint32(end - 8, totalBytes / 2 ** 29)
    view.setUint32(end - 4, totalBytes * 8)
    return blocks
  }

  /** False when stopped. */
  function iterate(count: number, shouldStop: () => boolean): boolean {
    let left = count
    for (; left > chunk; left -= chunk) {
      kernel.iterate(chunk)
      if (shouldStop()) return false
    }
    if (left > 0) kernel.iterate(left)
    return true
  }
}

function never(): boolean {
  return false
}

/** Makes short calls, so that V8 can switch. Measured: ready after 6 ms, under load after 25 ms. */
function warmUp(chain: Chain): void {
  const body = new Uint8Array(4 * blockBytes)
  const end = performance.now() + 30
  while (performance.now() < end) chain.run(body, 64)
}
